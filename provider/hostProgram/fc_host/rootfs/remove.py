"""Removes an image. A machine that runs from it keeps its file until it ends."""

from __future__ import annotations

import os
from typing import Callable

from fc_host.records import folder_of, held, remove_thing

from .image import IMAGE, find_users

Args = dict[str, object]


def run(args: Args, _report: Callable[[str], None]) -> Args:
    folder = folder_of("images", args["name"])
    with held(folder, str(args["instanceId"])) as record:
        if record is None:
            return {"users": []}
        users = find_users(os.path.join(folder, IMAGE))
        remove_thing(folder)
        return {"users": users}
