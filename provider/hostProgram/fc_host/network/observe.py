"""Looks at a network and changes nothing."""

from __future__ import annotations

from typing import Callable

from ..records import folder_of, read_record
from .answer import describe
from .inspect import look_at
from .plan import Plan, require_root
from .remembered import Remembered
from .resolvers import find_resolvers
from .tools import require_tools


def run(args: dict[str, object], _report: Callable[[str], None]) -> dict[str, object]:
    require_root()
    require_tools()
    plan = Plan.of(args)
    folder = folder_of("networks", plan.name)
    record = read_record(folder)
    # Another instance under the same name is not the one that is asked for.
    is_ours = record is not None and record.get("instanceId") == args["instanceId"]
    remembered = Remembered.of(record) if is_ours else None
    resolvers = find_resolvers(plan)
    return describe(plan, remembered, look_at(plan, folder, remembered, resolvers), resolvers)
