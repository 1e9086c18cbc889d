"""Tells how a task server stands, without changing anything."""

from __future__ import annotations

import os

from .control_call import ControlCall, connect_control
from .refusal import Refusal
from .state_folder import read_description, read_process, server_folder


def probe(command: dict[str, object]) -> dict[str, object]:
    folder = server_folder(command["folder"])
    description = read_description(folder)
    # Without a description it never ran: a folder that a deployment is just making, or left when its host went down.
    if description is None or not os.path.isdir(folder):
        return {"status": "absent", "uncollected": []}
    known = {
        "instanceId": description.get("instanceId"),
        "owner": description.get("owner"),
        "serverVersion": description.get("version"),
    }
    if read_process(folder) is None:
        return {"status": "stopped", "uncollected": [], **known}
    try:
        with ControlCall(connect_control(folder)) as control:
            return control.ask("status")
    except (OSError, Refusal) as error:
        reason = error.message if isinstance(error, Refusal) else f"its control socket does not answer ({error})"
        return {"status": "running", "listening": False, "listenError": reason, "uncollected": [], **known}
