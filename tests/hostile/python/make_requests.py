"""Makes streams of requests: valid ones of every kind that the grammar allows, and ones that were spoiled."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

METHODS = [b"GET", b"HEAD", b"POST", b"PUT", b"get", b"OPTIONS", b"M-SEARCH", b"X" * 32]
PATHS = [b"/task", b"/result", b"/result?id=t1", b"/healthz", b"/", b"/a%2fb?c=%00&id=x", b"http://h:1/task?x=1"]
NAMES = [b"X-Task-Id", b"Accept", b"User-Agent", b"x-exit-code", b"X-A!#$%&'*+-.^_`|~9", b"Connection", b"Cookie"]
VALUES = [b"", b"1", b"close", b"keep-alive", b"a, b", b"\xe9\xff", b"a\tb", b"x" * 300, b"CLOSE , upgrade"]
# What implementations are known to disagree about.
POISON = [
    *(b"\x00", b"\r", b"\n", b"\r\n", b"\n\n", b"\r\n\r\n", b"\t", b"\x0b", b"\x0c", b"\x7f", b"\x80", b"\xff", b" "),
    *(b":", b" :", b"\r\n ", b"\r\n\t", b";", b",", b"0", b"-", b"+", b"0x", b"_", b"#", b"?", b"%", b"\\", b'"'),
    *(b"Content-Length: 0\r\n", b"content-length: 5\r\n", b"Transfer-Encoding: chunked\r\n", b"Host: x\r\n"),
    *(b"Transfer-Encoding : chunked\r\n", b"Transfer-Encoding:\x0bchunked\r\n", b"Transfer-Encoding: xchunked\r\n"),
    *(b"Content-Length: +5\r\n", b"Content-Length: 5, 5\r\n", b"Content-Length: 5 5\r\n", b"Content_Length: 9\r\n"),
    *(b"Content-Length: 99999999999999999999\r\n", b"Content-Length: 0x5\r\n", b"Expect: 100-continue\r\n"),
    *(b"Expect: nothing\r\n", b"Transfer-Encoding: chunked, identity\r\n", b"X: y\r\n" * 101, b"x" * 17000),
    *(
        b"GET /task HTTP/1.1\r\nHost: h\r\n\r\n",
        b"0\r\n\r\n",
        b"5\r\nhello\r\n",
        b"fffffffffffffffff\r\n",
        b" HTTP/1.1",
    ),
]
VERSIONS = [b"HTTP/1.1"] * 12 + [b"HTTP/1.0", b"HTTP/1.0", b"HTTP/2.0", b"HTTP/1.2", b"HTTP/11", b"http/1.1"]


def make_stream(random: Random) -> bytes:
    """Up to three requests on one connection; about half of the streams are valid."""
    if random.random() < 0.02:
        return make_boundary(random)
    stream = b"".join(make_request(random) for _ in range(random.choice((1, 1, 2, 3))))
    while random.random() < 0.5:
        stream = random.choice(SPOILERS)(random, stream)
    return stream


def make_request(random: Random) -> bytes:
    version = random.choice(VERSIONS[: random.choice((12, len(VERSIONS)))])
    lines = [b" ".join((random.choice(METHODS), random.choice(PATHS), version))]
    fields = [b"Host: " + random.choice((b"h", b"127.0.0.1:8080", b"", b"[::1]:80"))]
    fields += [make_field(random) for _ in range(random.choice((0, 1, 2, 5)))]
    body = b""
    kind = random.random()
    if kind < 0.35:
        body = make_bytes(random)
        fields.append(b"Content-Length: " + b"0" * random.choice((0, 0, 3)) + str(len(body)).encode())
    elif kind < 0.7:
        body = make_chunked(random)
        fields.append(b"Transfer-Encoding: " + random.choice((b"chunked", b"CHUNKED")))
    if random.random() < 0.1:
        fields.append(b"Expect: 100-Continue")
    random.shuffle(fields)
    empty_line = b"\r\n" if random.random() < 0.1 else b""
    return empty_line + b"\r\n".join([*lines, *fields, b"", b""]) + body


def make_boundary(random: Random) -> bytes:
    """A request that is just within one of the limits, or just beyond it."""
    step = random.choice((-1, 0, 1))
    chunked = b"POST /result HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
    start = b"GET /task HTTP/1.1\r\nHost: h\r\n"
    kind = random.randrange(7)
    if kind == 0:
        return start + b"X: " + b"v" * (16 * 1024 - len(start) - 7 + step) + b"\r\n\r\n"
    if kind == 1:
        return start + b"X: y\r\n" * (99 + step) + b"\r\n"
    if kind == 2:
        return b"GET /" + b"t" * (2047 + step) + b" HTTP/1.1\r\nHost: h\r\n\r\n"
    if kind == 3:
        return chunked + b"5;" + b"e" * (252 + step) + b"\r\nhello\r\n0\r\n\r\n"
    if kind == 4:
        return chunked + b"5".rjust(15 + step, b"0") + b"\r\nhello\r\n0\r\n\r\n"
    if kind == 5:
        trailer = (
            b"X: y\r\n" * (100 + step) if random.random() < 0.5 else b"X: " + b"v" * (16 * 1024 - 7 + step) + b"\r\n"
        )
        return chunked + b"0\r\n" + trailer + b"\r\n"
    return start + b"Content-Length: " + b"9" * (15 + step) + b"\r\n\r\nabc"


def make_field(random: Random) -> bytes:
    blank = random.choice((b"", b" ", b"\t ", b"   "))
    return random.choice(NAMES) + random.choice((b"", b"1", b"-2")) + b":" + blank + random.choice(VALUES) + blank


def make_bytes(random: Random) -> bytes:
    return random.randbytes(random.choice((0, 1, 2, 5, 30, 700)))


def make_chunked(random: Random) -> bytes:
    out = b""
    for _ in range(random.choice((0, 1, 2, 4))):
        data = make_bytes(random) or b"x"
        extension = random.choice((b"", b"", b";a=b", b' ;q="v"', b" ", b";" + b"e" * 200))
        out += random.choice((b"%x", b"%X", b"000%x")) % len(data) + extension + b"\r\n" + data + b"\r\n"
    out += random.choice((b"0", b"0", b"000", b"0;last")) + b"\r\n"
    for _ in range(random.choice((0, 0, 0, 1, 3))):
        out += make_field(random) + b"\r\n"
    return out + b"\r\n"


def _position(random: Random, stream: bytes) -> int:
    # Heads are where the decisions are made, so the beginning is hit more often.
    return random.randrange(len(stream) + 1) if random.random() < 0.5 else random.randrange(min(len(stream), 120) + 1)


def _insert(random: Random, stream: bytes) -> bytes:
    at = _position(random, stream)
    return stream[:at] + random.choice(POISON) + stream[at:]


def _insert_line(random: Random, stream: bytes) -> bytes:
    ends = [at for at in range(len(stream)) if stream.startswith(b"\r\n", at)]
    if not ends:
        return stream
    at = random.choice(ends) + 2
    return stream[:at] + random.choice(POISON) + stream[at:]


def _spoil_first_line(random: Random, stream: bytes) -> bytes:
    at = random.randrange(max(0, stream.find(b"\r\n")) + 1)
    return stream[:at] + random.choice(POISON) + stream[at:]


def _replace(random: Random, stream: bytes) -> bytes:
    at = _position(random, stream)
    return stream[:at] + random.randbytes(1) + stream[at + 1 :]


def _remove(random: Random, stream: bytes) -> bytes:
    at = _position(random, stream)
    return stream[:at] + stream[at + random.choice((1, 1, 2, 10)) :]


def _repeat(random: Random, stream: bytes) -> bytes:
    at = _position(random, stream)
    end = at + random.choice((1, 5, 40))
    return stream[:end] + stream[at:]


def _cut_off(random: Random, stream: bytes) -> bytes:
    return stream[: _position(random, stream)]


def _splice(random: Random, stream: bytes) -> bytes:
    other = make_request(random)
    return stream[: _position(random, stream)] + other[_position(random, other) :]


SPOILERS: list[Callable[[Random, bytes], bytes]] = [
    *(_insert, _insert_line, _insert_line, _spoil_first_line, _replace, _remove, _repeat, _cut_off, _splice),
]
