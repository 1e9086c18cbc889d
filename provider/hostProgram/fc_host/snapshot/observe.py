"""`snapshot.observe`: looks at a snapshot's files, and changes nothing."""

from __future__ import annotations

from typing import Callable

from ..records import folder_of, read_record
from .machine import Args
from .seen import describe_absent, describe_folder


def run(args: Args, _report: Callable[[str], None]) -> Args:
    folder = folder_of("snapshots", args.get("name"))
    record = read_record(folder)
    if record is None or record.get("instanceId") != args.get("instanceId"):
        return describe_absent(folder)
    return describe_folder(folder)
