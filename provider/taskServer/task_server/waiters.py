"""Who waits for what, on the control side."""

from __future__ import annotations

import asyncio


class Waiters:
    """Wakes those who wait for a task."""

    def __init__(self) -> None:
        self._events: dict[str, set[asyncio.Event]] = {}

    def add(self, task_id: str) -> asyncio.Event:
        event = asyncio.Event()
        self._events.setdefault(task_id, set()).add(event)
        return event

    def remove(self, task_id: str, event: asyncio.Event) -> None:
        events = self._events.get(task_id, set())
        events.discard(event)
        if not events:
            self._events.pop(task_id, None)

    def wake(self, task_ids: list[str]) -> None:
        for task_id in task_ids:
            for event in self._events.get(task_id, ()):
                event.set()


class WatchedReader(asyncio.StreamReader):
    """A reader that tells of the other side's end without anything being read."""

    def __init__(self, limit: int) -> None:
        super().__init__(limit=limit)
        self.ended = asyncio.Event()

    def feed_eof(self) -> None:
        super().feed_eof()
        self.ended.set()

    def set_exception(self, exc: Exception) -> None:
        super().set_exception(exc)
        self.ended.set()
