"""An incremental parser of HTTP/1.1 requests, without I/O.

Bytes go in with `receive`, events come out of `next_event`: for every message one `Request`, any number of `Body`
and one `EndOfMessage`. It returns None when it needs more bytes, and raises `HttpError` where the bytes are not
a request that every other HTTP implementation would read in the same way (RFC 9112): a guest side that is reached
through some proxy must not see other messages than the proxy saw. After an error the parser is of no further use.
How the bytes are cut into pieces makes no difference to what comes out.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Union

from .http_error import HttpError
from .http_target import split_target

# curl sends about 100 bytes. 16 KiB is what common servers take; it bounds what an unfinished head can hold.
MAX_HEAD_BYTES = 16 * 1024
# Bounds the work for one head.
MAX_HEADERS = 100
# A size of 16 hexadecimal digits overflows 63 bits in other implementations; nobody needs more than 15.
MAX_CHUNK_SIZE_DIGITS = 15
# A size line with its extensions, which are read past (RFC 9112, 7.1.1).
MAX_CHUNK_LINE_BYTES = 256
# Chunks that are put together into one event: bounds the time of one call when the chunks are tiny.
MAX_CHUNKS_PER_EVENT = 512

# Control characters, CR that no LF follows, LF that follows no CR. At the end of the bytes a CR may still get its LF.
_FORBIDDEN = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]|\r(?!\n|\Z)|(?<!\r)\n")
_REQUEST_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]{1,32}) ([!-~]+) HTTP/([0-9])\.([0-9])")
_NAME = re.compile(rb"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(r"[0-9]+")
# Whoever reads another host there sees another request (RFC 9112, 3.2); which one it is does not matter to us.
_HOST = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
_CHUNK_LINE = re.compile(rb"([0-9A-Fa-f]+)[ \t]*(?:;[^\x00-\x08\x0a-\x1f\x7f]*)?")
# Two values of one of these would leave it to each reader which one counts.
_SINGLE_HEADERS = frozenset(("content-length", "transfer-encoding", "host", "expect", "x-task-id", "x-exit-code"))


class Request(NamedTuple):
    """The head of a message. Header names are in lower case."""

    method: str
    path: str
    query: str
    is_http_1_1: bool
    headers: dict[str, str]
    # Declared length of the body; None for a chunked body and where no length was declared.
    content_length: int | None
    is_chunked: bool
    keep_alive: bool
    expects_continue: bool


class Body(NamedTuple):
    data: bytes


class EndOfMessage:
    def __eq__(self, other: object) -> bool:
        return isinstance(other, EndOfMessage)

    def __hash__(self) -> int:
        return 0


Event = Union[Request, Body, EndOfMessage]
_END = EndOfMessage()

_HEAD, _FIXED, _CHUNK_SIZE, _CHUNK_DATA, _CHUNK_END, _TRAILER = range(6)


class RequestParser:
    """Reads the requests of one connection, one after the other."""

    def __init__(self) -> None:
        self._buffer = b""
        self._at = 0
        self._state = _HEAD
        self._remaining = 0
        self._skipped_empty_line = False
        self._trailer_bytes = 0
        self._trailers = 0
        # Bytes of an unfinished head or line that were searched already: a peer that sends byte by byte must not
        # make us search all of it again each time.
        self._searched = 0

    @property
    def buffered_bytes(self) -> int:
        """Bytes that no event has used yet."""
        return len(self._buffer) - self._at

    @property
    def wanted_bytes(self) -> int:
        """How much of a body is still to come, as far as its length is known."""
        return self._remaining if self._state in (_FIXED, _CHUNK_DATA) else 0

    @property
    def is_between_messages(self) -> bool:
        """True while nothing of a next message has come."""
        return self._state == _HEAD and self._at == len(self._buffer)

    def receive(self, data: bytes) -> None:
        if self._at == len(self._buffer):
            self._buffer = data  # The usual case: no copy.
        else:
            self._buffer = self._buffer[self._at :] + data
        self._at = 0

    def next_event(self) -> Event | None:
        if self._state == _HEAD:
            event: Event | None = self._read_head()
        elif self._state == _FIXED:
            event = self._read_fixed()
        else:
            event = self._read_chunked()
        if event is None and self._at > 0:
            # A connection that waits holds nothing that was used: there may be a thousand of them.
            self._buffer = self._buffer[self._at :]
            self._at = 0
        return event

    def _read_head(self) -> Request | None:
        if not self._skipped_empty_line and self._buffer.startswith(b"\r\n", self._at):
            # Some clients put an empty line after a body (RFC 9112, 2.2).
            self._skipped_empty_line = True
            self._at += 2
            self._searched = 0
        head = self._take_until(b"\r\n\r\n", MAX_HEAD_BYTES, 431, "The head is too long.")
        if head is None:
            return None
        self._skipped_empty_line = False
        request = _parse_head(head)
        if request.is_chunked:
            self._state = _CHUNK_SIZE
            self._trailer_bytes = 0
            self._trailers = 0
        else:
            self._state = _FIXED
            self._remaining = request.content_length or 0
        return request

    def _read_fixed(self) -> Event | None:
        if self._remaining == 0:
            self._state = _HEAD
            return _END
        data = self._take(self._remaining)
        if not data:
            return None
        self._remaining -= len(data)
        return Body(data)

    def _read_chunked(self) -> Event | None:
        pieces: list[bytes] = []
        while len(pieces) < MAX_CHUNKS_PER_EVENT:
            if self._state == _CHUNK_DATA:
                data = self._take(self._remaining)
                if not data:
                    break
                pieces.append(data)
                self._remaining -= len(data)
                if self._remaining == 0:
                    self._state = _CHUNK_END
            elif self._state == _TRAILER:
                if pieces:
                    break  # The body first; the trailer is read by the next call.
                return _END if self._take_trailer() else None
            else:
                at = self._at
                try:
                    if not (self._take_chunk_end() if self._state == _CHUNK_END else self._take_chunk_size()):
                        break
                except HttpError:
                    if not pieces:
                        raise
                    # What was well-formed first; the next call comes to the fault again.
                    self._at = at
                    break
        return Body(pieces[0] if len(pieces) == 1 else b"".join(pieces)) if pieces else None

    def _take(self, most: int) -> bytes:
        at = self._at
        self._at = min(at + most, len(self._buffer))
        # The usual piece of a long body is the whole buffer: no copy then.
        return self._buffer if at == 0 and self._at == len(self._buffer) else self._buffer[at : self._at]

    def _take_chunk_end(self) -> bool:
        end = self._buffer[self._at : self._at + 2]
        if not b"\r\n".startswith(end):
            raise HttpError(400, "A chunk is longer than its size.")
        if len(end) < 2:
            return False
        self._at += 2
        self._state = _CHUNK_SIZE
        return True

    def _take_chunk_size(self) -> bool:
        line = self._take_line(MAX_CHUNK_LINE_BYTES, 400, "A chunk's size line is too long.")
        if line is None:
            return False
        match = _CHUNK_LINE.fullmatch(line)
        if match is None:
            raise HttpError(400, "A chunk's size is malformed.")
        digits = match.group(1)
        if len(digits) > MAX_CHUNK_SIZE_DIGITS:
            raise HttpError(413, "A chunk is too large.")
        self._remaining = int(digits, 16)
        self._state = _CHUNK_DATA if self._remaining else _TRAILER
        return True

    def _take_trailer(self) -> bool:
        """Reads past the trailer; nothing in it is for us, but it must be well-formed."""
        while True:
            line = self._take_line(MAX_HEAD_BYTES - self._trailer_bytes, 431, "The trailer is too long.")
            if line is None:
                return False
            if not line:
                self._state = _HEAD
                return True
            self._trailer_bytes += len(line) + 2
            self._trailers += 1
            if self._trailers > MAX_HEADERS:
                raise HttpError(431, "The trailer has too many fields.")
            _split_field(line)

    def _take_line(self, most: int, status: int, complaint: str) -> bytes | None:
        return self._take_until(b"\r\n", most, status, complaint)

    def _take_until(self, end_mark: bytes, most: int, status: int, complaint: str) -> bytes | None:
        """The bytes before `end_mark`, None while it has not come; with it they may be `most` bytes long."""
        buffer = self._buffer
        start = self._at
        first = start + max(0, self._searched - len(end_mark) + 1)
        end = buffer.find(end_mark, first)
        stop = end + len(end_mark) if end >= 0 else len(buffer)
        # The pattern looks behind, but a CR that ends what came before is no part of this.
        if buffer.startswith(b"\n", start) or _FORBIDDEN.search(buffer, first, min(start + most, stop)):
            raise HttpError(400, "A control character is where none may be.")
        if stop - start > most:
            raise HttpError(status, complaint)
        if end < 0:
            self._searched = stop - start
            return None
        self._searched = 0
        self._at = stop
        return buffer[start:end]


def _parse_head(head: bytes) -> Request:
    lines = head.split(b"\r\n")
    request_line = _REQUEST_LINE.fullmatch(lines[0])
    if request_line is None:
        raise HttpError(400, "The request line is malformed.")
    method, target, major, minor = request_line.groups()
    if major != b"1" or minor not in b"01":
        raise HttpError(505, "Only HTTP/1.1 and HTTP/1.0 are spoken here.")
    if len(lines) - 1 > MAX_HEADERS:
        raise HttpError(431, "The request has too many header fields.")
    headers: dict[str, str] = {}
    for line in lines[1:]:
        name, value = _split_field(line)
        if name in headers:
            if name in _SINGLE_HEADERS:
                raise HttpError(400, "A header field that must be single comes twice.")
            value = f"{headers[name]}, {value}"
        headers[name] = value
    is_http_1_1 = minor == b"1"
    if is_http_1_1 and "host" not in headers:
        raise HttpError(400, "The Host header field is missing.")
    if _HOST.fullmatch(headers.get("host", "")) is None:
        raise HttpError(400, "The Host header field is malformed.")
    path, query = split_target(target.decode("ascii"))
    connection = headers.get("connection")
    return Request(
        method=method.decode("ascii"),
        path=path,
        query=query,
        is_http_1_1=is_http_1_1,
        headers=headers,
        content_length=_content_length(headers),
        is_chunked=_is_chunked(headers, is_http_1_1),
        keep_alive=is_http_1_1 and (connection is None or not _has_token(connection, "close")),
        expects_continue=_expects_continue(headers, is_http_1_1),
    )


def _split_field(line: bytes) -> tuple[str, str]:
    name, colon, value = line.partition(b":")
    # This refuses folded lines (obs-fold) and blanks before the colon as well: neither is part of a name.
    if not colon or _NAME.fullmatch(name) is None:
        raise HttpError(400, "A header field is malformed.")
    return name.decode("ascii").lower(), value.strip(b" \t").decode("latin-1")


def _content_length(headers: dict[str, str]) -> int | None:
    text = headers.get("content-length")
    if text is None:
        return None
    if "transfer-encoding" in headers:
        raise HttpError(400, "Content-Length and Transfer-Encoding exclude each other.")
    if _LENGTH.fullmatch(text) is None:
        raise HttpError(400, "The Content-Length is malformed.")
    digits = text.lstrip("0")
    if len(digits) > MAX_CHUNK_SIZE_DIGITS:
        raise HttpError(413, "The body is too large.")
    return int(digits or "0")


def _is_chunked(headers: dict[str, str], is_http_1_1: bool) -> bool:
    coding = headers.get("transfer-encoding")
    if coding is None:
        return False
    if not is_http_1_1:
        raise HttpError(400, "HTTP/1.0 has no Transfer-Encoding.")
    if coding.lower() != "chunked":
        raise HttpError(501, "The only transfer coding is chunked.")
    return True


def _expects_continue(headers: dict[str, str], is_http_1_1: bool) -> bool:
    expectation = headers.get("expect")
    if expectation is None or not is_http_1_1:
        return False
    if expectation.lower() != "100-continue":
        raise HttpError(417, "The only expectation that can be met is 100-continue.")
    return True


def _has_token(value: str, token: str) -> bool:
    return any(part.strip(" \t").lower() == token for part in value.split(","))
