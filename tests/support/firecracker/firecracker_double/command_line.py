"""Arguments as Firecracker and its jailer take them (utils::arg_parser): `--name value`, all known, nothing twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field


class BadArguments(Exception):
    pass


@dataclass(frozen=True)
class Argument:
    takes_value: bool = True
    default: str | None = None
    is_required: bool = False
    is_repeatable: bool = False
    requires: str | None = None
    forbids: str | None = None


@dataclass
class Arguments:
    values: dict[str, list[str]] = field(default_factory=dict)
    extra: list[str] = field(default_factory=list)

    def has(self, name: str) -> bool:
        return name in self.values

    def find(self, name: str) -> str | None:
        found = self.values.get(name)
        return None if not found else found[0]

    def get(self, name: str) -> str:
        return self.values[name][0]

    def list(self, name: str) -> Sequence[str]:
        return self.values.get(name, [])


def parse_arguments(known: Mapping[str, Argument], given: Sequence[str]) -> Arguments:
    own, extra = _split(given)
    found = Arguments(extra=extra)
    # Either of them makes the others not count.
    for name in ("help", "version"):
        if f"--{name}" in own:
            found.values[name] = []
            return found
    rest = iter(own)
    for word in rest:
        name = word[2:]
        argument = known.get(name) if word.startswith("--") else None
        if argument is None:
            raise BadArguments(f"Found argument '{word}' which wasn't expected, or isn't valid in this context.")
        if name in found.values and not argument.is_repeatable:
            raise BadArguments(f"The argument '{name}' was provided more than once.")
        values = found.values.setdefault(name, [])
        if argument.takes_value:
            value = next(rest, None)
            if value is None or value.startswith("--"):
                raise BadArguments(f"The argument '{name}' requires a value, but none was supplied.")
            values.append(value)
    _check_rules(known, found)
    for name, argument in known.items():
        if argument.default is not None and name not in found.values:
            found.values[name] = [argument.default]
    return found


def _split(given: Sequence[str]) -> tuple[list[str], list[str]]:
    words = list(given)
    if "--" not in words:
        return words, []
    at = words.index("--")
    return words[:at], words[at + 1 :]


def _check_rules(known: Mapping[str, Argument], found: Arguments) -> None:
    for name, argument in known.items():
        if argument.is_required and name not in found.values:
            raise BadArguments(f"Argument '{name}' required, but not found.")
        if name not in found.values:
            continue
        if argument.requires is not None and argument.requires not in found.values:
            raise BadArguments(f"Argument '{argument.requires}' required, but not found.")
        if argument.forbids is not None and argument.forbids in found.values:
            raise BadArguments(f"Argument '{argument.forbids}' cannot be used together with argument '{name}'.")


def find_id_fault(identifier: str) -> str | None:
    """The rule for the ids of instances (utils::validators)."""
    if not 1 <= len(identifier) <= 64:
        return f"Invalid len ({len(identifier)});  the length must be between 1 and 64."
    for at, letter in enumerate(identifier):
        if not (letter == "-" or letter.isalnum()):
            return f"Invalid char ({letter}) at position {at}"
    return None
