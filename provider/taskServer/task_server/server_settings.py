"""What a server is told: by the loader at its start, by `configure` later. Handed on by pipes, never by files."""

from __future__ import annotations

import json
import re

from .refusal import Refusal

_ENV_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")


class ServerSettings:
    """Not a dataclass: that module costs each of a server's processes more memory than all of this package does."""

    def __init__(
        self,
        *,
        folder: str,
        tap_ip: str,
        tap_port: int,
        netns: str | None,
        owner: str,
        instance_id: str,
        version: str,
        started_at: float,
        token: str,
        max_result_bytes: int,
        retention_hours: int,
        earlier_tokens: list[str] | None = None,
        task_env: dict[str, dict[str, str]] | None = None,
    ) -> None:
        self.folder = folder
        self.tap_ip = tap_ip
        self.tap_port = tap_port
        self.netns = netns
        self.owner = owner
        self.instance_id = instance_id
        self.version = version
        self.started_at = started_at
        self.token = token
        self.max_result_bytes = max_result_bytes
        self.retention_hours = retention_hours
        self.earlier_tokens = earlier_tokens or []
        # Environment variables of tasks by task id: they may be secrets, so they are in no file either.
        self.task_env = task_env or {}

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
        task_env = {**self.task_env, **_env_by_task(changes.get("taskEnv", {}))}
        self.token, self.owner, self.instance_id = token, owner, instance_id
        self.max_result_bytes, self.retention_hours = max_result_bytes, retention_hours
        self.task_env = task_env

    def to_json(self) -> dict[str, object]:
        return dict(vars(self))

    def to_line(self) -> bytes:
        return json.dumps(self.to_json()).encode() + b"\n"

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


def _env_by_task(value: object) -> dict[str, dict[str, str]]:
    if not isinstance(value, dict):
        raise Refusal("bad_request", "taskEnv is not an object")
    for env in value.values():
        is_env = isinstance(env, dict) and all(
            isinstance(name, str) and _ENV_NAME.fullmatch(name) and isinstance(text, str) for name, text in env.items()
        )
        if not is_env:
            raise Refusal("bad_request", "a task's env is not an object of names and strings")
    return value
