"""The held requests of guests that wait for a task."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable

from .task_queue import Delivery

# Tells the newer of two requests.
_numbers = itertools.count()


class Poll:
    """One `GET /task` that is held until there is a task or its time is over."""

    def __init__(self, guest: str) -> None:
        self.guest = guest
        self.number = next(_numbers)
        self.answer: asyncio.Future[Delivery | None] = asyncio.get_running_loop().create_future()
        # A task is being claimed for it: who does that answers it.
        self.is_picked = False
        self.is_expired = False

    def expire(self) -> None:
        """Its time is over, or its connection."""
        self.is_expired = True
        if not self.is_picked and not self.answer.done():
            self.answer.set_result(None)


class GuestPolls:
    """Guests take turns; of one guest's requests the newest is served, older ones may be of a dead connection."""

    def __init__(self) -> None:
        self._by_guest: dict[str, list[Poll]] = {}

    def __len__(self) -> int:
        return sum(map(len, self._by_guest.values()))

    def add(self, poll: Poll) -> None:
        self._by_guest.setdefault(poll.guest, []).append(poll)

    def discard(self, poll: Poll) -> None:
        polls = self._by_guest.get(poll.guest)
        if polls is not None and poll in polls:
            polls.remove(poll)
            if not polls:
                del self._by_guest[poll.guest]

    def pick(self, may_serve: Callable[[str], bool]) -> Poll | None:
        """Takes out the request that is served next, of a guest for which `may_serve` is true."""
        for guest, polls in self._by_guest.items():
            if not may_serve(guest):
                continue
            for poll in reversed(polls):
                if not poll.is_expired:
                    poll.is_picked = True
                    self.discard(poll)
                    return poll
        return None

    def put_back(self, poll: Poll) -> None:
        """There was no task for it after all: it goes on waiting, unless its time ended meanwhile."""
        poll.is_picked = False
        if poll.is_expired:
            poll.expire()
        else:
            # Where it was: before those that came meanwhile.
            self.add(poll)
            self._by_guest[poll.guest].sort(key=lambda waiting: waiting.number)
