"""Looks at an image: whether it is there, whole, and what it was made from."""

from __future__ import annotations

from typing import Callable

from fc_host.records import folder_of, read_record

from .ensure import describe

Args = dict[str, object]


def run(args: Args, _report: Callable[[str], None]) -> Args:
    folder = folder_of("images", args["name"])
    record = read_record(folder)
    if record is None or record.get("instanceId") != args["instanceId"]:
        return {"status": "absent"}
    return describe(folder)
