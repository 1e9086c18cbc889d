"""The one error of the HTTP layer."""

from __future__ import annotations


class HttpError(Exception):
    """Raised when a request is refused. `message` goes to the peer, so it never repeats what the peer sent."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(status, message)
        self.status = status
        self.message = message
