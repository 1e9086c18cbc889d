"""Takes in the body of a result: masks, hashes, and puts it in a file where it is long."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re

from . import fault
from .http_error import HttpError
from .masking import Masker
from .result_files import INLINE_BYTES, ResultFiles
from .secrets_held import MASK
from .task_results import ReceivedResult

# What is gathered before it is written: one hop to another thread for many pieces from the network.
WRITE_BYTES = 1024 * 1024
# Pieces of a byte each would take fifty times their size.
MAX_PIECES = 256

# The form in which guest scripts report a failure where they send no X-Exit-Code.
_ERROR_TEXT = re.compile(rb"ERROR: claude exit=(\d{1,3}):")


class ResultReceiver:
    """One body. `discard` must be called in the end, whatever happened; what was stored by then is not touched."""

    def __init__(self, files: ResultFiles, secrets: list[bytes], max_bytes: int, exit_code: int | None) -> None:
        self._files = files
        self._max_bytes = max_bytes
        self._exit_code = exit_code
        self._masker = Masker(secrets, MASK)
        self._received_hash = hashlib.sha256()
        self._hash = hashlib.sha256()
        self._received_bytes = 0
        self._kept_bytes = 0
        self._pending: list[bytes] = []
        self._pending_bytes = 0
        self._start = b""
        self._path: str | None = None
        self._descriptor: int | None = None

    async def feed(self, data: bytes) -> None:
        self._received_bytes += len(data)
        if self._received_bytes > self._max_bytes:
            raise HttpError(413, "The result is too large.")
        self._pending.append(data)
        self._pending_bytes += len(data)
        if len(self._pending) >= MAX_PIECES:
            self._pending = [b"".join(self._pending)]
        if self._pending_bytes >= (WRITE_BYTES if self._descriptor is not None else INLINE_BYTES + 1):
            await self._flush(is_last=False)

    async def finish(self) -> ReceivedResult:
        if self._descriptor is None:
            kept = self._digest(is_last=True)
            inline: bytes | None = kept
        else:
            await self._flush(is_last=True)
            inline = None
        text_code = _ERROR_TEXT.match(self._start)
        exit_code = self._exit_code if self._exit_code is not None else int(text_code.group(1)) if text_code else 0
        return ReceivedResult(
            inline=inline,
            path=self._path,
            size=self._kept_bytes,
            sha256=self._hash.hexdigest(),
            received_sha256=self._received_hash.hexdigest(),
            is_masked=self._masker.has_masked,
            exit_code=exit_code,
        )

    def discard(self) -> None:
        """Closes and removes what is left of a body that was not stored."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None
        if self._path is not None:
            try:
                os.unlink(self._path)
            except FileNotFoundError:
                pass  # Stored: it has another name now.

    async def _flush(self, is_last: bool) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._write, is_last)
        fault.point("body-written")

    def _write(self, is_last: bool) -> None:
        if self._descriptor is None:
            self._path = self._files.new_incoming()
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
            self._descriptor = os.open(self._path, flags, 0o600)
        view = memoryview(self._digest(is_last))
        while view:
            view = view[os.write(self._descriptor, view) :]
        if is_last:
            os.fsync(self._descriptor)

    def _digest(self, is_last: bool) -> bytes:
        data = self._pending[0] if len(self._pending) == 1 else b"".join(self._pending)
        self._pending = []
        self._pending_bytes = 0
        self._received_hash.update(data)
        kept = self._masker.feed(data, is_last)
        self._hash.update(kept)
        if len(self._start) < 64:
            self._start += kept[:64]
        self._kept_bytes += len(kept)
        return kept
