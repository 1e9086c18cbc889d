"""Removes exactly the network of one instance; that it is gone is success."""

from __future__ import annotations

from typing import Callable

from ..records import folder_of, held
from .plan import require_root
from .remembered import Remembered
from .teardown import take_away


def run(args: dict[str, object], _report: Callable[[str], None]) -> dict[str, object]:
    require_root()
    folder = folder_of("networks", args["name"])
    with held(folder, str(args["instanceId"])) as record:
        if record is None:
            return {"warnings": []}
        return {"warnings": take_away(folder, Remembered.of(record))}
