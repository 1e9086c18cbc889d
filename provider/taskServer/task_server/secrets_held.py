"""The token, in memory only, and the ones before it: an agent may still print the one that it was given."""

from __future__ import annotations

# A stack rotates its token now and then; agents that run longer than this many rotations are not expected.
MAX_REMEMBERED = 16

MASK = b"[masked: the agent's OAuth token]"


class Secrets:
    """Never printed, never stored."""

    def __init__(self, token: str, earlier: list[str]) -> None:
        self._tokens = [*earlier, token][-MAX_REMEMBERED:]

    @property
    def token(self) -> str:
        return self._tokens[-1]

    @property
    def all(self) -> list[str]:
        return list(self._tokens)

    def swap(self, token: str) -> bool:
        """Takes another token; tasks that are delivered from now on carry it. False when it is the same."""
        if token == self.token:
            return False
        self._tokens = [*(held for held in self._tokens if held != token), token][-MAX_REMEMBERED:]
        return True

    def masks(self) -> list[bytes]:
        """What must not stand in a result, longest first."""
        return sorted((held.encode() for held in self._tokens), key=len, reverse=True)

    def __repr__(self) -> str:
        return "<Secrets>"
