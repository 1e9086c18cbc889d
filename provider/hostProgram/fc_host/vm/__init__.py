"""MicroVMs: one Firecracker process each, its files, its serial log, and its end."""
