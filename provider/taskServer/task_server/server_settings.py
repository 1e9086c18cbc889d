"""What a server is told: by the loader at its start, by `configure` later. Handed on by pipes, never by files."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field

from .refusal import Refusal


@dataclass
class ServerSettings:
    folder: str
    tap_ip: str
    tap_port: int
    netns: str | None
    owner: str
    instance_id: str
    version: str
    started_at: float
    token: str = field(repr=False)
    max_result_bytes: int
    retention_hours: int
    earlier_tokens: list[str] = field(default_factory=list, repr=False)

    def update(self, changes: dict[str, object]) -> None:
        """Takes over what the provider declares; what it leaves out stays."""
        limits = changes.get("limits", {})
        if not isinstance(limits, dict):
            raise Refusal("bad_request", "limits is not an object")
        token = _text(changes, "token", self.token)
        owner = _text(changes, "owner", self.owner)
        instance_id = _text(changes, "instanceId", self.instance_id)
        max_result_bytes = _number(limits, "maxResultBytes", self.max_result_bytes)
        retention_hours = _number(limits, "resultRetentionHours", self.retention_hours)
        self.token, self.owner, self.instance_id = token, owner, instance_id
        self.max_result_bytes, self.retention_hours = max_result_bytes, retention_hours

    def to_line(self) -> bytes:
        return json.dumps(asdict(self)).encode() + b"\n"

    @staticmethod
    def from_line(line: bytes) -> ServerSettings:
        return ServerSettings(**json.loads(line))


def _text(changes: dict[str, object], key: str, default: str) -> str:
    value = changes.get(key, default)
    if not isinstance(value, str) or not value:
        raise Refusal("bad_request", f"{key} is not a string")
    return value


def _number(changes: dict[str, object], key: str, default: int) -> int:
    value = changes.get(key, default)
    if type(value) is not int or value < 1:
        raise Refusal("bad_request", f"{key} is not a positive number")
    return value
