"""A task in a form that a shell can read safely: names and lengths first, then the bytes, nothing to unquote.

fc-agents-task 1
prompt 11
effort 3

Hello worldlow
"""

from __future__ import annotations

import json

from .http_parser import Request

CONTENT_TYPE = "application/vnd.fc-agents.fields"
FIRST_LINE = b"fc-agents-task 1\n"

# What a guest may send on top of its result.
FEATURES = "progress parts"


def wants_fields(request: Request) -> bool:
    return CONTENT_TYPE in request.headers.get("accept", "")


def encode_task(task: dict[str, object], as_fields: bool) -> tuple[bytes, str]:
    """A task's bytes and their type: as JSON, which guests of the older generation read, or as fields."""
    if as_fields:
        return encode_fields(task), CONTENT_TYPE
    return json.dumps(task, ensure_ascii=False, separators=(",", ":")).encode(), "application/json"


def encode_fields(task: dict[str, object]) -> bytes:
    """Objects become `NAME.KEY`, lists are joined by commas, numbers are decimal; what is absent is absent."""
    names = bytearray(FIRST_LINE)
    values = bytearray()
    for name, value in _flatten({**task, "features": FEATURES}):
        data = value.encode()
        names += f"{name} {len(data)}\n".encode()
        values += data
    return bytes(names + b"\n" + values)


def _flatten(task: dict[str, object]) -> list[tuple[str, str]]:
    flat: list[tuple[str, str]] = []
    for name, value in task.items():
        if isinstance(value, dict):
            flat += [(f"{name}.{key}", str(child)) for key, child in value.items()]
        elif isinstance(value, list):
            flat.append((name, ",".join(map(str, value))))
        else:
            flat.append((name, str(value)))
    return flat
