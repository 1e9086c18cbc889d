"""Files that the provider sends behind the command, one after the other on the same standard input."""

from __future__ import annotations

import sys
from typing import BinaryIO, cast

from task_server.refusal import Refusal

from fc_host.firecracker.content import CHUNK_BYTES, Progress, Report, Written, write_content
from fc_host.firecracker.deadline import deadline

_HINT = "Run `pulumi up` again."


class Uploads:
    """The files on the way: their names and sizes, in the order in which they come."""

    def __init__(self, files: object, seconds: float) -> None:
        entries = cast("list[dict[str, object]]", files or [])
        self._coming = [(str(entry["name"]), int(str(entry["size"]))) for entry in entries]
        self._seconds = seconds
        # The loader has read the command's line from this very object: what it read ahead is in its buffer.
        self._stdin: BinaryIO = sys.stdin.buffer

    def holds(self, name: str) -> bool:
        return any(name == coming for coming, _ in self._coming)

    def receive(self, name: str, path: str, report: Report) -> Written:
        """Writes the file of that name; those before it, which nobody wanted in the end, are read past."""
        with deadline(self._seconds, "the upload", _HINT):
            while self._coming:
                coming, size = self._coming.pop(0)
                source = _Limited(self._stdin, size)
                if coming == name:
                    written = write_content(path, source, size, Progress(f"uploading {name}", size, report))
                    source.require_end()
                    return written
                while source.read(CHUNK_BYTES):
                    pass
        raise Refusal("bad_request", f"the file {name} was not sent")


class _Limited:
    """The next bytes of a stream, and no more."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self._stream = stream
        self._left = size

    def read(self, size: int, /) -> bytes:
        chunk = self._stream.read(min(size, self._left))
        self._left -= len(chunk)
        return chunk

    def require_end(self) -> None:
        if self._left > 0:
            raise Refusal("upload", f"the upload broke off, {self._left} bytes are missing", _HINT)
