"""Networks of microVMs: a TAP device, in the host's namespace or one of its own, its rules, and what keeps them up."""
