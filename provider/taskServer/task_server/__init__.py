"""The task server: hands guests their tasks on a TAP address and takes their results."""

import sys

# asyncio would load OpenSSL for connections that are never encrypted here: 6 MiB of memory. An entry of None is the
# documented way to make an import fail (importlib, "The import system"); asyncio goes on without it.
sys.modules.setdefault("ssl", None)  # type: ignore[arg-type]  # typeshed knows of modules only
