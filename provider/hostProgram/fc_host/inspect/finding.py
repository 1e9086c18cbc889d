"""One thing that was found out about a host."""

from __future__ import annotations

from typing import NamedTuple


class Finding(NamedTuple):
    """`level`: ok, warning or error. The message holds no figure that changes by itself: each refresh would show it."""

    level: str
    name: str
    message: str
    # What mends it.
    hint: str | None = None

    def to_json(self) -> dict[str, object]:
        finding: dict[str, object] = {"level": self.level, "name": self.name, "message": self.message}
        if self.hint is not None:
            finding["hint"] = self.hint
        return finding
