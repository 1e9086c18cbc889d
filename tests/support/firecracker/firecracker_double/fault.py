"""What the API refuses."""

from __future__ import annotations

import os


class Fault(Exception):
    """An answer with `fault_message`; `ends_process` for those after which Firecracker gives up."""

    def __init__(self, message: str, status: int = 400, ends_process: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.ends_process = ends_process


def describe_os_error(error: OSError) -> str:
    """As Rust's standard library words it."""
    if error.errno is None:
        return str(error)
    return f"{os.strerror(error.errno)} (os error {error.errno})"
