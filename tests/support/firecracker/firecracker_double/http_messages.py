"""HTTP/1.1 as Firecracker's micro_http speaks it: GET, PUT and PATCH, Content-Length, connections that stay open."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

# micro_http reads into a buffer of this size, and a line has to fit into it.
MAX_LINE_BYTES = 1024
METHODS = ("GET", "PUT", "PATCH")


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    body: bytes


class BadRequest(Exception):
    """No HTTP that micro_http would take; the rest of the connection's bytes are thrown away."""

    def __init__(self, reason: str, status: int = 400) -> None:
        super().__init__(reason)
        self.status = status


class RequestParser:
    """Gives back requests as their bytes come in, in whatever pieces."""

    def __init__(self, max_body_bytes: int) -> None:
        self._max_body_bytes = max_body_bytes
        self._buffer = b""
        self._head: list[str] = []
        self._body_bytes: int | None = None

    def feed(self, received: bytes) -> None:
        self._buffer += received

    def next_request(self) -> Request | None:
        """None until more bytes are there."""
        while self._body_bytes is None:
            line, end, rest = self._buffer.partition(b"\r\n")
            if not end:
                if len(self._buffer) > MAX_LINE_BYTES:
                    raise self._refuse("Invalid HTTP Request: a line is too long")
                return None
            if len(line) > MAX_LINE_BYTES:
                raise self._refuse("Invalid HTTP Request: a line is too long")
            self._buffer = rest
            if line == b"" and self._head:
                self._body_bytes = self._read_length()
            elif line != b"":
                self._take_line(line)
        if len(self._buffer) < self._body_bytes:
            return None
        body, self._buffer = self._buffer[: self._body_bytes], self._buffer[self._body_bytes :]
        method, path, _ = self._head[0].split(" ")
        self._head, self._body_bytes = [], None
        return Request(method, path, body)

    def wants_continue(self) -> bool:
        """Whether the sender waits to be told to send its body."""
        return self._body_bytes is not None and "100-continue" in (self._find("expect") or "")

    def _take_line(self, line: bytes) -> None:
        try:
            text = line.decode("utf-8")
        except UnicodeDecodeError:
            raise self._refuse("Invalid HTTP Request: bytes that are no text") from None
        if not self._head:
            parts = text.split(" ")
            if len(parts) != 3 or parts[0] not in METHODS:
                raise self._refuse("Invalid HTTP Method." if len(parts) == 3 else "Invalid HTTP Request")
            if parts[2] not in ("HTTP/1.1", "HTTP/1.0"):
                raise self._refuse("Unsupported HTTP version.")
            path = parts[1]
            if path.startswith("http://"):
                _, slash, rest = path[len("http://") :].partition("/")
                path = slash + rest
            if not path.startswith("/"):
                raise self._refuse("Invalid URI.")
            text = f"{parts[0]} {path} {parts[2]}"
        elif ":" not in text:
            raise self._refuse(f"Invalid header: {text}")
        self._head.append(text)

    def _find(self, wanted: str) -> str | None:
        for line in self._head[1:]:
            name, _, value = line.partition(":")
            if name.strip().lower() == wanted:
                return value.strip().lower()
        return None

    def _read_length(self) -> int:
        if self._find("transfer-encoding") not in (None, "identity"):
            raise self._refuse("Unsupported header: Transfer-Encoding")
        value = self._find("content-length")
        if value is None:
            return 0
        if not (value.isascii() and value.isdigit() and len(value) <= 10):
            raise self._refuse("Invalid header: Content-Length")
        if int(value) > self._max_body_bytes:
            limit = self._max_body_bytes
            raise self._refuse(
                f"Request payload with size {value} is larger than the limit of {limit} allowed by server.",
                413,
            )
        return int(value)

    def _refuse(self, reason: str, status: int = 400) -> BadRequest:
        self._buffer, self._head, self._body_bytes = b"", [], None
        return BadRequest(reason, status)


def write_answer(status: int, body: Any = None, is_deprecated: bool = False) -> bytes:
    """micro_http's own form: no reason after the status, and no length where there is no body."""
    head = [f"HTTP/1.1 {status} ", "Server: Firecracker API", "Connection: keep-alive"]
    if is_deprecated:
        head.append("Deprecation: true")
    content = b""
    if body is not None:
        content = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode("utf-8", "replace")
        head += ["Content-Type: application/json", f"Content-Length: {len(content)}"]
    return "\r\n".join([*head, "", ""]).encode() + content
