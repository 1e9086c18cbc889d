"""Reads the body of a guest's request."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from .guest_connection import GuestConnection
from .http_error import HttpError
from .http_parser import Body, EndOfMessage, Request


async def read_body(connection: GuestConnection, request: Request, feed: Callable[[bytes], Awaitable[None]]) -> bool:
    """Hands the body on piece by piece. False when the guest ended the connection before it was whole."""
    if request.expects_continue:
        connection.say_continue()
    while True:
        connection.expect_body()
        event = await connection.next_event()
        connection.deadline = None
        if event is None:
            return False
        if isinstance(event, EndOfMessage):
            return True
        if isinstance(event, Body):
            await feed(event.data)


async def read_short_body(connection: GuestConnection, request: Request, max_bytes: int) -> bytes | None:
    """The whole body, None when it was cut off. A longer one is refused before it is read, where it says so."""
    pieces: list[bytes] = []
    size = 0

    async def feed(data: bytes) -> None:
        nonlocal size
        size += len(data)
        if size > max_bytes:
            raise HttpError(413, "The body is too large.")
        pieces.append(data)

    if (request.content_length or 0) > max_bytes:
        raise HttpError(413, "The body is too large.")
    return b"".join(pieces) if await read_body(connection, request, feed) else None
