"""Builds HTTP/1.1 responses, without I/O."""

from __future__ import annotations

import time

CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"

_REASONS = {
    200: "OK",
    204: "No Content",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    411: "Length Required",
    413: "Content Too Large",
    414: "URI Too Long",
    417: "Expectation Failed",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    505: "HTTP Version Not Supported",
    507: "Insufficient Storage",
}
# Not strftime: its names follow the locale.
_DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")

_date: tuple[int, str] = (-1, "")


def http_date(now: float) -> str:
    """`Thu, 01 Jan 1970 00:00:00 GMT` (RFC 9110, 5.6.7). Guests set their clock from it."""
    global _date
    second = int(now)
    # One text a second is enough for all responses.
    if _date[0] != second:
        t = time.gmtime(second)
        day = f"{_DAYS[t.tm_wday]}, {t.tm_mday:02d} {_MONTHS[t.tm_mon - 1]} {t.tm_year:04d}"
        _date = (second, f"{day} {t.tm_hour:02d}:{t.tm_min:02d}:{t.tm_sec:02d} GMT")
    return _date[1]


def build_response(
    status: int,
    body: bytes = b"",
    *,
    keep_alive: bool,
    is_head: bool = False,
    content_type: str = "text/plain; charset=utf-8",
    allow: str | None = None,
) -> bytes:
    """The whole response. The answer to HEAD has no body, and no length either: GET's is not known beforehand."""
    lines = [f"HTTP/1.1 {status} {_REASONS[status]}", f"Date: {http_date(time.time())}"]
    if allow is not None:
        lines.append(f"Allow: {allow}")
    if not is_head and status != 204:
        if body:
            lines.append(f"Content-Type: {content_type}")
        lines.append(f"Content-Length: {len(body)}")
    # A task carries the token: no cache may keep it.
    lines.append("Cache-Control: no-store")
    if not keep_alive:
        lines.append("Connection: close")
    head = ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
    return head if is_head or status == 204 else head + body
