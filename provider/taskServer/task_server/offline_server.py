"""Answers the control side from a stopped server's folder."""

from __future__ import annotations

import asyncio
import json
import os
import sys

from .control_side import MAX_LINE_BYTES, PROTOCOL_VERSION, ControlSession, Request
from .database import DatabaseFile, lock_database, open_database
from .refusal import Refusal
from .result_files import ResultFiles
from .state_folder import read_description
from .waiters import Waiters, WatchedReader
from .writer import Writer


class OfflineServer:
    """Implements `control_side.Server`."""

    can_run_tasks = False

    def __init__(self, folder: str, loop: asyncio.AbstractEventLoop) -> None:
        self._description = read_description(folder) or {}
        self.lock = lock_database(folder)
        self.waiters = Waiters()
        self.files = ResultFiles(folder)
        connection = open_database(folder)
        is_in_place = DatabaseFile(folder).is_in_place
        self.writer = Writer(connection, loop, lambda changed, _queued: self.waiters.wake(changed), is_in_place)

    def describe(self) -> dict[str, object]:
        return {
            "status": "stopped",
            "protocolVersion": PROTOCOL_VERSION,
            "serverVersion": self._description.get("version"),
            "instanceId": self._description.get("instanceId"),
            "owner": self._description.get("owner"),
        }

    async def configure(self, _settings: Request) -> None:
        raise Refusal("server_stopped", "the task server is stopped")

    def progress_of(self, _task_id: str) -> dict[str, object]:
        return {}

    def shut_down(self) -> None:
        pass


def serve_offline(folder: str) -> int:
    return asyncio.run(_serve(folder))


async def _serve(folder: str) -> int:
    loop = asyncio.get_running_loop()
    try:
        if not os.path.exists(os.path.join(folder, "queue.db")):
            raise Refusal("absent", "there is no task server's database there")
        server = OfflineServer(folder, loop)
    except Refusal as refusal:
        sys.stdout.write(json.dumps(refusal.to_json()) + "\n")
        return 0
    reader = WatchedReader(MAX_LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    transport, protocol = await loop.connect_write_pipe(asyncio.streams.FlowControlMixin, sys.stdout)
    writer = asyncio.StreamWriter(transport, protocol, None, loop)
    await ControlSession(server, server.waiters, reader, writer).run()
    server.writer.close()
    return 0
