"""The error that says why something asked of the server or of the loader is not done."""

from __future__ import annotations


class Refusal(Exception):
    """Its code is for programs, its message for people; neither ever holds a secret.

    `hint` says what mends it, `log_tail` the last lines of a log that belongs to it.
    """

    def __init__(self, code: str, message: str, hint: str | None = None, log_tail: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.hint = hint
        self.log_tail = log_tail

    def to_json(self) -> dict[str, object]:
        error: dict[str, object] = {"code": self.code, "message": self.message}
        if self.hint:
            error["hint"] = self.hint
        if self.log_tail:
            error["logTail"] = self.log_tail
        return {"ok": False, "error": error}
