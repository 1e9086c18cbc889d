"""Firecracker's programs and guest kernels on a host: fetched, checked, kept once for all stacks that use them."""

from __future__ import annotations

import sys

# The task server's package, from which modules are shared, keeps `ssl` out to save memory. Downloads need it, and
# http.client looks for it when it is imported.
if "ssl" in sys.modules and not sys.modules["ssl"]:
    del sys.modules["ssl"]
