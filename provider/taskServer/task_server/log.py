"""The server's log: what an operator needs when something went wrong. Guests cannot make it grow, nor write into it."""

from __future__ import annotations

import os
import sys
import time

# A process writes no more than this; the file is started anew with each deployment.
MAX_BYTES = 256 * 1024

_written = 0


def log(text: str) -> None:
    """Writes one line to standard error, which is `server.log`. Never give it a secret."""
    global _written
    if _written >= MAX_BYTES:
        return
    visible = text.encode("unicode_escape").decode("ascii")[:2000]
    line = f"{time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())} [{os.getpid()}] {visible}\n"
    _written += len(line)
    try:
        sys.stderr.write(line)
        sys.stderr.flush()
    except OSError:
        pass  # The disk is full: the server goes on.
