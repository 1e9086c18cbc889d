"""Masks exact strings in a stream of bytes, wherever the stream is cut."""

from __future__ import annotations

import re


class Masker:
    """`feed` returns what is safe to keep; the end of each piece is held back until it is known what follows."""

    def __init__(self, secrets: list[bytes], mask: bytes) -> None:
        self._pattern = re.compile(b"|".join(map(re.escape, secrets))) if secrets else None
        self._longest = max(map(len, secrets), default=0)
        self._mask = mask
        self._held = b""
        self.has_masked = False

    def feed(self, data: bytes, is_last: bool = False) -> bytes:
        if self._pattern is None:
            return data
        data = self._held + data if self._held else data
        kept: list[bytes] = []
        at = 0
        for match in self._pattern.finditer(data):
            if not is_last and match.start() > len(data) - self._longest:
                break  # What follows may make it another, longer one.
            kept += [data[at : match.start()], self._mask]
            at = match.end()
        if kept:
            self.has_masked = True
        # A secret may have begun in the last bytes, but not before `at`.
        end = len(data) if is_last else max(at, len(data) - self._longest + 1)
        self._held = data[end:]
        if not kept:
            return data if end == len(data) else data[:end]
        return b"".join([*kept, data[at:end]])
