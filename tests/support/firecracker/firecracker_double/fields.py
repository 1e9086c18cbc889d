"""Kinds of values in request bodies, checked as strictly as Firecracker's own (serde, unknown fields refused)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .fault import Fault


def refuse_body(reason: str) -> Fault:
    return Fault(f"An error occurred when deserializing the json body of a request: {reason}.")


Reader = Callable[[Any], Any]


def name_type(value: object) -> str:
    """As serde's messages name a value."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return f"boolean `{str(value).lower()}`"
    if isinstance(value, int):
        return f"integer `{value}`"
    if isinstance(value, float):
        return f"floating point `{value}`"
    if isinstance(value, str):
        return f'string "{value}"'
    return "sequence" if isinstance(value, list) else "map"


def text(value: Any) -> str:
    if not isinstance(value, str):
        raise refuse_body(f"invalid type: {name_type(value)}, expected a string")
    return value


def path(value: Any) -> str:
    """A NUL byte in it is refused by the kernel's interface, not by the parser; the effect is the same."""
    found = text(value)
    if "\0" in found:
        raise Fault("file name contained an unexpected NUL byte")
    return found


def flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise refuse_body(f"invalid type: {name_type(value)}, expected a boolean")
    return value


def whole(bits: int, minimum: int = 0, maximum: int | None = None) -> Reader:
    """An unsigned integer of so many bits, within further bounds of the description."""
    top = 2**bits - 1 if maximum is None else maximum

    def read(value: Any) -> int:
        if isinstance(value, bool) or not isinstance(value, int):
            raise refuse_body(f"invalid type: {name_type(value)}, expected u{bits}")
        if not minimum <= value <= top:
            raise refuse_body(f"invalid value: integer `{value}`, expected u{bits} from {minimum} to {top}")
        return int(value)

    return read


def one_of(*names: str) -> Reader:
    def read(value: Any) -> str:
        if text(value) not in names:
            listed = ", ".join(f"`{name}`" for name in names)
            raise refuse_body(f"unknown variant `{value}`, expected one of {listed}")
        return str(value)

    return read


def one_of_any_case(*names: str) -> Reader:
    read_exact = one_of(*names)

    def read(value: Any) -> str:
        wanted = text(value).lower()
        return str(read_exact(next((name for name in names if name.lower() == wanted), value)))

    return read


def matching(pattern: str, expected: str) -> Reader:
    compiled = re.compile(pattern)

    def read(value: Any) -> str:
        if compiled.fullmatch(text(value)) is None:
            raise refuse_body(f'invalid value: string "{value}", expected {expected}')
        return str(value)

    return read


def list_of(read_item: Reader) -> Reader:
    def read(value: Any) -> list[Any]:
        if not isinstance(value, list):
            raise refuse_body(f"invalid type: {name_type(value)}, expected a sequence")
        return [read_item(item) for item in value]

    return read


@dataclass(frozen=True)
class Field:
    """`is_required`: has to be there. `is_nullable`: null is the same as absent. Else absent means `default`."""

    read: Reader
    is_required: bool = False
    is_nullable: bool = False
    default: Any = None


def needed(read: Reader) -> Field:
    return Field(read, is_required=True)


def optional(read: Reader) -> Field:
    return Field(read, is_nullable=True)


def defaulting(read: Reader, default: Any) -> Field:
    return Field(read, default=default)


def struct(fields: Mapping[str, Field]) -> Reader:
    """An object with these fields and no others. Absent optional fields are absent in what it returns."""
    listed = ", ".join(f"`{name}`" for name in fields)

    def read(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise refuse_body(f"invalid type: {name_type(value)}, expected a map")
        for name in value:
            if name not in fields:
                raise refuse_body(f"unknown field `{name}`, expected one of {listed}")
        found: dict[str, Any] = {}
        for name, field in fields.items():
            if name not in value:
                if field.is_required:
                    raise refuse_body(f"missing field `{name}`")
                if field.default is not None:
                    found[name] = field.default
            elif value[name] is not None or not field.is_nullable:
                found[name] = field.read(value[name])
        return found

    return read
