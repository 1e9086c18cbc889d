"""One connection of the guest side: bytes, deadlines and back-pressure. What requests mean is GuestSide's business."""

from __future__ import annotations

import asyncio
import fcntl
import socket
import struct
import termios
from collections.abc import Awaitable, Callable
from typing import Protocol, cast

from . import fault
from .http_error import HttpError
from .http_parser import Event, Request, RequestParser
from .http_response import CONTINUE, build_response
from .log import log

# What is read at once: of a body a lot, of anything else no more than what a head may take, since a thousand
# connections may send something at once that nobody has asked for.
BODY_READ_BYTES = 256 * 1024
READ_BYTES = 8 * 1024
# Bytes that came beyond what is wanted now; past them nothing more is read until it is.
MAX_BUFFERED_BYTES = 8 * 1024

# A head comes in one piece; only an attacker takes long over it.
HEAD_SECONDS = 10.0
# An open connection without a request costs little, but there may be thousands.
IDLE_SECONDS = 60.0
# Silence in the middle of a body. A guest that was paused posts again.
BODY_SECONDS = 30.0
# What is still read after the last answer, so that the peer sees it and not a reset (RFC 9112, 9.6).
LINGER_SECONDS = 1.0
LINGER_BYTES = 1024 * 1024

# How long a response may wait for the guest's acknowledgement before it counts as not delivered.
DELIVERY_SECONDS = 20.0
LONGEST_ACK_POLL_SECONDS = 0.02

# A guest that vanished is noticed by the kernel after this, also in the middle of a response.
USER_TIMEOUT_MS = 30_000


class Handler(Protocol):
    """Who answers. It may raise HttpError."""

    def admits(self, peer_ip: str) -> bool: ...

    def opened(self, connection: GuestConnection) -> None: ...

    def closed(self, connection: GuestConnection) -> None: ...

    def handle(self, connection: GuestConnection, request: Request) -> Awaitable[None]: ...


# Filled by one read and emptied before the next one, whatever connection that is of.
_incoming = memoryview(bytearray(BODY_READ_BYTES))


class GuestConnection(asyncio.BufferedProtocol):
    def __init__(self, handler: Handler) -> None:
        self._handler = handler
        self._loop = asyncio.get_running_loop()
        self._parser = RequestParser()
        self._wakeup: asyncio.Future[None] | None = None
        self._is_paused = False
        # Cleared while the peer does not take what it was sent.
        self._may_write = asyncio.Event()
        self._may_write.set()
        self._is_lingering = 0
        self._is_admitted = False
        self._keep_alive = True
        self._is_head = False
        self._has_answered = False
        # None while somebody else watches the time: a held request, a commit.
        self.deadline: float | None = None
        self.peer_ip = ""
        self.is_over = False
        # Called once when the peer ends the connection while its request is held.
        self.on_over: Callable[[], None] | None = None
        self._was_all_acknowledged = False
        # Of what was written, bytes that the kernel has not got yet, or never will: asyncio throws its buffer away when
        # the connection breaks.
        self._has_unsent_bytes = False

    # What asyncio calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._socket = cast(socket.socket, transport.get_extra_info("socket"))
        peer = transport.get_extra_info("peername")
        self.peer_ip = peer[0] if peer else ""
        if not self._handler.admits(self.peer_ip):
            # Nothing is said to strangers.
            self._transport.abort()
            return
        self._is_admitted = True
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT_MS)
        # asyncio leaves it out for sockets whose protocol number is 0: Nagle would hold the last byte back for 40 ms.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # So that we are told of each byte that the kernel does not take at once.
        self._transport.set_write_buffer_limits(high=0)
        self._handler.opened(self)
        self.deadline = self._loop.time() + HEAD_SECONDS
        self.task = self._loop.create_task(self._serve())

    def get_buffer(self, _sizehint: int) -> memoryview:
        return _incoming[: min(BODY_READ_BYTES, max(READ_BYTES, self._parser.wanted_bytes))]

    def buffer_updated(self, nbytes: int) -> None:
        if self._is_lingering:
            self._is_lingering -= nbytes
            if self._is_lingering <= 0:
                self._transport.abort()
            return
        if not self._is_admitted:
            return
        self._parser.receive(bytes(_incoming[:nbytes]))
        if self._wakeup is None and self._parser.buffered_bytes > MAX_BUFFERED_BYTES:
            self._is_paused = True
            self._transport.pause_reading()
        self._wake()

    def eof_received(self) -> bool:
        # Whoever ends its side is gone: curl never does that before it has the answer.
        self._end()
        return False

    def pause_writing(self) -> None:
        self._has_unsent_bytes = True
        self._may_write.clear()

    def resume_writing(self) -> None:
        self._has_unsent_bytes = False
        self._may_write.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        if self._is_admitted:
            self._handler.closed(self)

    # What GuestSide calls.

    async def next_event(self) -> Event | None:
        """The next piece of the request; None when the peer has ended the connection."""
        while True:
            event = self._parser.next_event()
            if event is not None:
                if self._parser.buffered_bytes > 0:
                    # There is more of it: the others come first, or whoever sends fastest is the only one served.
                    await asyncio.sleep(0)
                return event
            if self.is_over:
                return None
            if self._is_paused:
                self._is_paused = False
                self._transport.resume_reading()
            self._wakeup = self._loop.create_future()
            try:
                await self._wakeup
            finally:
                self._wakeup = None

    def say_continue(self) -> None:
        self._transport.write(CONTINUE)

    def expect_body(self) -> None:
        self.deadline = self._loop.time() + BODY_SECONDS

    def respond(
        self,
        status: int,
        body: bytes = b"",
        *,
        content_type: str = "text/plain; charset=utf-8",
        allow: str | None = None,
        before_last_byte: Callable[[], None] | None = None,
    ) -> None:
        response = build_response(
            status,
            body,
            keep_alive=self._keep_alive,
            is_head=self._is_head,
            content_type=content_type,
            allow=allow,
        )
        self._has_answered = True
        if before_last_byte is not None:
            self._transport.write(fault.cut("response-start", response[:-1]))
            fault.point("response-begun")
            before_last_byte()
            response = response[-1:]
        self._transport.write(fault.cut(f"response-{status}", response))
        if self._transport.is_closing():
            # The peer has broken the connection in this very moment: nothing of it was sent.
            self._has_unsent_bytes = True

    async def is_delivered(self, may_give_up: Callable[[], bool]) -> bool:
        """Waits until the kernel has no byte left that the guest has not acknowledged, or the connection ends."""
        deadline = self._loop.time() + DELIVERY_SECONDS
        pause = 0.0005
        while not self.is_over:
            if self._is_all_acknowledged():
                return True
            if self._loop.time() >= deadline or may_give_up():
                self.abort()
                break
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_ACK_POLL_SECONDS)
        return self._was_all_acknowledged

    def abort(self) -> None:
        """Drops the connection at once; what was not sent is thrown away."""
        self._end()
        self._transport.abort()

    @property
    def is_idle(self) -> bool:
        """No request is being worked on: this connection may be closed when room is needed."""
        return self.deadline is not None

    def expire(self) -> None:
        """The deadline is over."""
        is_waited_for = not self._has_answered and self._may_write.is_set()
        if is_waited_for and not self._parser.is_between_messages and not self._is_lingering:
            self._keep_alive = False
            self.respond(408, b"The request took too long.\n")
        self.deadline = None
        if self._is_lingering or not self._may_write.is_set():
            self.abort()
        else:
            self._close()

    # The connection's own work.

    async def _serve(self) -> None:
        try:
            while not self.is_over:
                event = await self.next_event()
                if not isinstance(event, Request):
                    break
                self.deadline = None
                self._keep_alive = event.keep_alive
                self._is_head = event.method == "HEAD"
                await self._handler.handle(self, event)
                if not self._keep_alive or self._transport.is_closing():
                    break
                self._has_answered = self._is_head = False
                # Whoever takes no answers gets no further ones: they would pile up here.
                self.deadline = self._loop.time() + DELIVERY_SECONDS
                await self._may_write.wait()
                self.deadline = self._loop.time() + IDLE_SECONDS
            if self.is_over or self._transport.is_closing():
                self._close()
            else:
                self._end_in_order()
        except HttpError as refusal:
            self._refuse(refusal)
        except Exception as fault_found:
            # A fault of ours must not keep a guest waiting; the server goes on for all others.
            log(f"a request could not be answered: {fault_found!r}")
            self._refuse(HttpError(500, "The server has a fault."))

    def _refuse(self, refusal: HttpError) -> None:
        """After an error nothing more of the connection can be believed, so it ends."""
        if self.is_over or self._has_answered:
            self._close()
            return
        self._keep_alive = False
        self.respond(refusal.status, refusal.message.encode() + b"\n")
        self._end_in_order()

    def _end_in_order(self) -> None:
        """Says no more, and reads on for a moment: bytes that nobody reads would make a reset of our last answer."""
        self._parser = RequestParser()
        self._is_lingering = LINGER_BYTES
        self.deadline = self._loop.time() + LINGER_SECONDS
        if self._transport.can_write_eof() and not self._transport.is_closing():
            self._transport.write_eof()
        if self._is_paused:
            self._is_paused = False
            self._transport.resume_reading()

    def _close(self) -> None:
        self.is_over = True
        self._wake()
        self._transport.close()

    def _end(self) -> None:
        if self.is_over:
            return
        self._was_all_acknowledged = self._is_all_acknowledged()
        self.is_over = True
        self._wake()
        if self.on_over is not None:
            self.on_over()

    def _wake(self) -> None:
        if self.is_over:
            self._may_write.set()
        if self._wakeup is not None and not self._wakeup.done():
            self._wakeup.set_result(None)

    def _is_all_acknowledged(self) -> bool:
        if self._has_unsent_bytes:
            return False
        try:
            # SIOCOUTQ (tcp(7)) has the number of TIOCOUTQ: bytes not yet acknowledged by the peer.
            answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0\0\0\0")
        except (OSError, ValueError):
            return False
        return int(struct.unpack("i", answer)[0]) == 0
