"""What `python3 task_server.pyz COMMAND` does."""

from __future__ import annotations

import sys

USAGE = """usage: python3 task_server.pyz serve | ctl
  serve  runs the task server; its settings come on standard input, from the loader
  ctl    speaks the control protocol on standard input and output
"""


def main(folder: str, arguments: list[str]) -> int:
    """`folder` is the one that the program lies in: the server's own."""
    if arguments == ["serve"]:
        from .supervisor import run_supervisor

        return run_supervisor()
    if arguments == ["ctl"]:
        from .offline import run_ctl

        return run_ctl(folder)
    sys.stderr.write(USAGE)
    return 2
