"""Reads JSON as strictly as serde_json does."""

from __future__ import annotations

import json
from typing import Any

from .fields import refuse_body

# serde_json's own bound.
MAX_DEPTH = 127


def read_json(body: bytes) -> Any:
    try:
        value = json.loads(
            body.decode("utf-8"),
            object_pairs_hook=_read_object,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise refuse_body(str(error) or "recursion limit exceeded") from None
    if _measure_depth(value) > MAX_DEPTH:
        raise refuse_body("recursion limit exceeded")
    return value


def _read_object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise ValueError(f"duplicate field `{name}`")
        found[name] = value
    return found


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"expected value, found {name}")


def _measure_depth(value: Any) -> int:
    depth = 0
    layer = [value]
    while layer:
        depth += 1
        following: list[Any] = []
        for item in layer:
            if isinstance(item, dict):
                following.extend(item.values())
            elif isinstance(item, list):
                following.extend(item)
        layer = following
    return depth
