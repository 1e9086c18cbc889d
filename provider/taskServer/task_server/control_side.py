"""What the provider may ask for on the control socket: JSON lines in both directions.

The same conversation is held over standard input and output by `ctl` (offline.py) when the server is stopped.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeVar

from . import fault, transcripts
from .refusal import Refusal
from .result_body import ResultBody, open_body, open_part
from .result_files import ResultFiles
from .task_parts import describe_parts
from .task_queue import cancel, count_ahead, forget, mark_collected, require_task, submit, summarize
from .task_record import describe_task
from .waiters import Waiters, WatchedReader
from .writer import Transaction, Writer

PROTOCOL_VERSION = 1

# A prompt of 1 MiB is six times as long where JSON has to escape each of its bytes.
MAX_LINE_BYTES = 16 * 1024 * 1024
READ_BYTES = 256 * 1024

STOPPED_HINT = "If it is to run (`running: true`), `pulumi up --refresh` starts it again with all that it has."

FINAL_STATES = ("done", "failed", "cancelled")

T = TypeVar("T")
Request = dict[str, object]


class Server(Protocol):
    """What the control side needs of the process that it is part of."""

    @property
    def writer(self) -> Writer: ...

    @property
    def files(self) -> ResultFiles: ...

    @property
    def can_run_tasks(self) -> bool: ...

    def describe(self) -> dict[str, object]: ...

    async def configure(self, settings: Request) -> None: ...

    def progress_of(self, task_id: str) -> dict[str, object]: ...

    def shut_down(self) -> None: ...


class ControlSession:
    """One conversation. Requests are answered one after the other."""

    def __init__(self, server: Server, waiters: Waiters, reader: WatchedReader, writer: asyncio.StreamWriter) -> None:
        self._server = server
        self._waiters = waiters
        self._reader = reader
        self._out = writer

    async def run(self) -> None:
        try:
            while True:
                try:
                    line = await self._reader.readuntil(b"\n")
                except asyncio.LimitOverrunError:
                    await self._say(Refusal("bad_request", "the request is too long").to_json())
                    return
                await self._answer(line)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass  # The provider has ended the conversation.
        finally:
            self._out.close()

    async def _answer(self, line: bytes) -> None:
        try:
            request = _parse(line)
            handler = self._handlers().get(str(request.get("op")))
            if handler is None:
                raise Refusal("unknown_op", "this version of the task server does not know that request")
            await handler(request)
        except Refusal as refusal:
            await self._say(refusal.to_json())

    def _handlers(self) -> dict[str, Callable[[Request], Awaitable[None]]]:
        return {
            "status": self._status,
            "configure": self._configure,
            "submit": self._submit,
            "wait": self._wait,
            "body": self._body,
            "part": self._part,
            "collected": self._collected,
            "cancel": self._cancel,
            "forget": self._forget,
            "shutdown": self._shutdown,
        }

    async def _status(self, _request: Request) -> None:
        summary = await self._run(summarize)
        is_idle = summary["queued"] == 0 and summary["claimed"] == 0
        await self._say({"ok": True, **summary, "idle": is_idle, **self._server.describe()})

    async def _configure(self, request: Request) -> None:
        await self._server.configure(request)
        await self._say({"ok": True})

    async def _submit(self, request: Request) -> None:
        task = request.get("task")
        if not isinstance(task, dict):
            raise Refusal("bad_request", "there is no task in the request")
        if not self._server.can_run_tasks:
            raise Refusal("server_stopped", "the task server is stopped", STOPPED_HINT)
        env = task.get("env")
        if env is not None:
            # Before a guest may take the task; it goes into the memory of the server and of its supervisor only.
            await self._server.configure({"taskEnv": {_text(task, "id"): env}})
            task = {**task, "hasEnv": True}
        record = await self._run(lambda transaction: submit(transaction, task))
        fault.point("task-stored")
        await self._say({"ok": True, "record": record})

    async def _wait(self, request: Request) -> None:
        task_id = _text(request, "id")
        inline_bytes = _number(request, "inlineBytes")
        loop = asyncio.get_running_loop()
        deadline = loop.time() + _number(request, "timeoutMs") / 1000
        changed = self._waiters.add(task_id)
        told: object = None
        try:
            while True:
                changed.clear()
                record, ahead = await self._run(lambda transaction: _look_up(transaction, task_id, self._server.files))
                if record["state"] in FINAL_STATES:
                    await self._say_final(record, inline_bytes)
                    return
                if not self._server.can_run_tasks:
                    raise Refusal(
                        "server_stopped",
                        f"the task is still {record['state']} and the task server is stopped",
                        STOPPED_HINT,
                    )
                state = {"record": record, "ahead": ahead, "progress": self._server.progress_of(task_id)}
                if state != told:
                    told = state
                    await self._say({"event": "state", **state})
                remaining = deadline - loop.time()
                if remaining <= 0 or not await self._changes_within(changed, remaining):
                    await self._say({"event": "timeout", "record": record})
                    return
        finally:
            self._waiters.remove(task_id, changed)

    async def _changes_within(self, changed: asyncio.Event, seconds: float) -> bool:
        """Waits for a change; ends early, too, when the provider ends the conversation."""
        change = asyncio.ensure_future(changed.wait())
        end = asyncio.ensure_future(self._reader.ended.wait())
        try:
            await asyncio.wait((change, end), timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
            if end.done() and not change.done():
                raise ConnectionResetError
            return change.done()
        finally:
            change.cancel()
            end.cancel()

    async def _say_final(self, record: dict[str, object], inline_bytes: int) -> None:
        size = record.get("resultBytes")
        if not isinstance(size, int):
            await self._say({"event": "final", "record": record, "headBytes": 0, "tailBytes": 0})
            return
        head = size if size <= inline_bytes else inline_bytes // 2
        tail = 0 if size <= inline_bytes else inline_bytes // 2
        task_id = str(record["id"])
        body = await self._run(lambda transaction: open_body(transaction, task_id, self._server.files))
        try:
            await self._say({"event": "final", "record": record, "headBytes": head, "tailBytes": tail})
            await self._send_range(body, 0, head)
            await self._send_range(body, size - tail, tail)
        finally:
            body.close()

    async def _body(self, request: Request) -> None:
        task_id = _text(request, "id")
        body = await self._run(lambda transaction: open_body(transaction, task_id, self._server.files))
        try:
            offset = min(_number(request, "offset"), body.size)
            length = min(_number(request, "length"), body.size - offset)
            await self._say({"ok": True, "bytes": length})
            await self._send_range(body, offset, length)
        finally:
            body.close()

    async def _part(self, request: Request) -> None:
        task_id, name = _text(request, "id"), _text(request, "name")
        body = await self._run(lambda transaction: open_part(transaction, task_id, name, self._server.files))
        try:
            await self._say({"ok": True, "bytes": body.size})
            await self._send_range(body, 0, body.size)
        finally:
            body.close()

    async def _collected(self, request: Request) -> None:
        task_id = _text(request, "id")
        await self._run(lambda transaction: mark_collected(transaction, task_id))
        await self._say({"ok": True})

    async def _cancel(self, request: Request) -> None:
        task_id = _text(request, "id")
        await self._say({"ok": True, "record": await self._run(lambda transaction: cancel(transaction, task_id))})

    async def _forget(self, request: Request) -> None:
        task_id = _text(request, "id")
        await self._run(lambda transaction: forget(transaction, task_id, self._server.files))
        await self._say({"ok": True})

    async def _shutdown(self, _request: Request) -> None:
        await self._say({"ok": True})
        self._server.shut_down()

    async def _send_range(self, body: ResultBody, offset: int, length: int) -> None:
        loop = asyncio.get_running_loop()
        while length > 0:
            size = min(length, READ_BYTES)
            data = await loop.run_in_executor(None, body.read, offset, size)
            if len(data) != size:
                # The announced length cannot be kept any more: only the end of the conversation says so.
                raise ConnectionResetError
            self._out.write(data)
            await self._out.drain()
            fault.point("result-piece-sent")
            offset += size
            length -= size

    async def _say(self, answer: dict[str, object]) -> None:
        self._out.write(json.dumps(answer).encode() + b"\n")
        await self._out.drain()

    async def _run(self, operation: Callable[[Transaction], T]) -> T:
        return await asyncio.shield(self._server.writer.run(operation))


def _look_up(transaction: Transaction, task_id: str, files: ResultFiles) -> tuple[dict[str, object], int]:
    row = require_task(transaction, task_id)
    record = describe_task(row)
    record["parts"] = describe_parts(transaction, task_id)
    transcript_bytes = transcripts.size_of(files, task_id)
    if transcript_bytes is not None:
        record["transcriptBytes"] = transcript_bytes
    return record, count_ahead(transaction, row) if row["state"] == "queued" else 0


def _parse(line: bytes) -> Request:
    try:
        request = json.loads(line)
    except ValueError:
        raise Refusal("bad_request", "the request is not JSON") from None
    if not isinstance(request, dict) or request.get("v") != PROTOCOL_VERSION:
        raise Refusal("protocol", f"this task server speaks version {PROTOCOL_VERSION} of the control protocol")
    return request


def _text(request: Request, key: str) -> str:
    value = request.get(key)
    # A broken one is quoted nowhere, so only its type counts.
    if not isinstance(value, str) or re.search("[\ud800-\udfff]", value):
        raise Refusal("bad_request", f"{key} is not a string")
    return value


def _number(request: Request, key: str) -> int:
    value = request.get(key)
    if type(value) is not int or not 0 <= value < 2**53:
        raise Refusal("bad_request", f"{key} is not a number")
    return value
