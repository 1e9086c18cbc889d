"""Looks at what an instance has on the host, without changing anything: `firecracker.observe`."""

from __future__ import annotations

from typing import Callable

from task_server.state_folder import state_root

from fc_host.firecracker.seen import describe
from fc_host.inspect.preflight import inspect_host


def run(args: dict[str, object], _report: Callable[[str], None]) -> dict[str, object]:
    findings = inspect_host(state_root())
    return {"seen": describe(str(args["instanceId"]), args.get("hasKernel") is True, findings)}
