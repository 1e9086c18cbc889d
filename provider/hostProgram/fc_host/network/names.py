"""The addresses that the names in `allow` have now."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .dns import LookupFailed, look_up
from .plan import NameTarget
from .ruleset import Element, is_internet

# How long an address counts after it was last in an answer: many times what its owner says, since a name with many
# addresses gives others to each who asks; bounded, so that one that is given up does not stay open for long.
_KEPT_TIMES = 10
_KEPT_SECONDS = (10, 3600)

# How often names are looked up anew: twice within the time that their answers are good for.
_PAUSE_SECONDS = (1.0, 60.0)


class Resolved(NamedTuple):
    elements: tuple[Element, ...]
    # A sentence for each name that has no address that may be reached.
    faults: tuple[str, ...]
    # When to look again.
    pause_seconds: float


def resolve_names(names: Sequence[NameTarget], servers: Sequence[str]) -> Resolved:
    elements: list[Element] = []
    faults: list[str] = []
    pause = _PAUSE_SECONDS[1]
    for name in sorted({target.name for target in names}):
        try:
            answer = look_up(name, servers)
        except LookupFailed as failure:
            faults.append(f"the name {name} has no address: {failure}")
            pause = min(pause, 5.0)
            continue
        pause = min(pause, _clamp(answer.seconds / 2, _PAUSE_SECONDS))
        kept = int(_clamp(answer.seconds * _KEPT_TIMES, _KEPT_SECONDS))
        outside = [address for address in answer.addresses if is_internet(address)]
        if not outside:
            # Whoever answers for a name outside could lead the guest into the host's own networks with it.
            faults.append(
                f"the name {name} leads to {', '.join(answer.addresses)}, which is not on the internet and stays "
                "closed: give such addresses themselves in `allow`"
            )
        for target in names:
            if target.name == name:
                elements += [Element(address, target.protocol, target.port, kept) for address in outside]
    return Resolved(_longest(elements), tuple(faults), pause)


def _longest(elements: list[Element]) -> tuple[Element, ...]:
    """One for each address and port; two names may share one."""
    found: dict[tuple[str, str, int], Element] = {}
    for element in elements:
        key = element[:3]
        if key not in found or found[key].seconds < element.seconds:
            found[key] = element
    return tuple(found.values())


def _clamp(value: float, bounds: tuple[float, float]) -> float:
    return max(bounds[0], min(bounds[1], value))
