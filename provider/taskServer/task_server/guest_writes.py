"""The guest side's way to the database: what fails there, as guests are to see it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

from .http_error import HttpError
from .refusal import Refusal
from .writer import Transaction, Writer

T = TypeVar("T")


async def run_for_guest(writer: Writer, operation: Callable[[Transaction], T]) -> T:
    """Runs an operation, which goes on to its end although the guest is gone."""
    try:
        return await asyncio.shield(writer.run(operation))
    except Refusal as refusal:
        if refusal.code == "storage":
            raise HttpError(507, "It could not be stored.") from refusal
        raise HttpError(500, "The server has a fault.") from refusal
