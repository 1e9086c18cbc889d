"""How a strict reader understands a stream of HTTP/1.1 requests: RFC 9112 and the limits that the server promises.

It is written apart from the server's parser and in another way: it looks at the whole stream at once, by regular
expressions that follow the grammar rule by rule. Where the two differ, one of them is wrong.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

LONGEST_HEAD = 16 * 1024
MOST_FIELDS = 100
LONGEST_TARGET = 2048
LONGEST_CHUNK_LINE = 256
MOST_DIGITS = 15

TOKEN = rb"[!#$%&'*+\-.^_`|~0-9A-Za-z]+"
# RFC 9110, 5.5: visible characters, blanks and obs-text.
VALUE = rb"[\t\x20-\x7e\x80-\xff]*"
HEAD = re.compile(
    rb"(?P<method>" + TOKEN + rb")\x20(?P<target>[\x21-\x7e]+)\x20HTTP/(?P<major>[0-9])\.(?P<minor>[0-9])\r\n"
    rb"(?P<fields>(?:" + TOKEN + rb":" + VALUE + rb"\r\n)*)"
)
FIELD = re.compile(rb"(" + TOKEN + rb"):(" + VALUE + rb")\r\n")
CHUNK_LINE = re.compile(rb"(?P<size>[0-9A-Fa-f]+)[ \t]*(?:;[\t\x20-\x7e\x80-\xff]*)?")
ORIGIN_FORM = re.compile(rb"/[\x21\x22\x24-\x7e]*")
ABSOLUTE_FORM = re.compile(rb"[Hh][Tt][Tt][Pp]://[A-Za-z0-9.:\[\]_-]+(/[\x21\x22\x24-\x7e]*)?")
HOST = re.compile(rb"[A-Za-z0-9._~!$&'()*+,;=%:\[\]-]*")
MUST_BE_SINGLE = (b"content-length", b"transfer-encoding", b"host", b"expect", b"x-task-id", b"x-exit-code")


class Refused(Exception):
    """The stream is not one of requests from here on."""


@dataclass
class Message:
    method: bytes
    path: bytes
    query: bytes
    fields: dict[bytes, bytes]
    keep_alive: bool
    body: bytes = b""
    is_complete: bool = False


@dataclass
class Reading:
    """`is_refused`: the rest is no request; otherwise the stream may go on."""

    messages: list[Message] = field(default_factory=list)
    is_refused: bool = False


def read_stream(stream: bytes) -> Reading:
    reading = Reading()
    at = 0
    try:
        while at < len(stream):
            if stream[at : at + 2] == b"\r\n":
                at += 2
            end = stream.find(b"\r\n\r\n", at)
            head = stream[at : end + 4] if end >= 0 else stream[at:]
            refuse_control_characters(head[:LONGEST_HEAD])
            if len(head) > LONGEST_HEAD:
                raise Refused
            if end < 0:
                break
            message, length = judge_head(head[:-2])
            reading.messages.append(message)
            at = end + 4
            if length is None:
                at = read_chunks(stream, at, message)
            else:
                message.body = stream[at : at + length]
                at += length
                message.is_complete = at <= len(stream)
            if not message.is_complete:
                break
    except Refused:
        reading.is_refused = True
    return reading


def refuse_control_characters(text: bytes) -> None:
    """CR and LF only as a pair; a CR at the very end may still become one."""
    *lines, last = text.split(b"\r\n")
    lines.append(last[:-1] if last.endswith(b"\r") else last)
    if any(re.search(rb"[\x00-\x08\x0a-\x1f\x7f]", line) for line in lines):
        raise Refused


def judge_head(head: bytes) -> tuple[Message, int | None]:
    """The message, and how long its body is; None for a chunked one. `head` ends with the last field's line end."""
    match = HEAD.fullmatch(head)
    if match is None or len(match["method"]) > 32:
        raise Refused
    if match["major"] != b"1" or match["minor"] not in (b"0", b"1"):
        raise Refused
    is_1_1 = match["minor"] == b"1"
    lines = [(name.lower(), value.strip(b" \t")) for name, value in FIELD.findall(match["fields"])]
    names = [name for name, _ in lines]
    if len(lines) > MOST_FIELDS or any(names.count(name) > 1 for name in MUST_BE_SINGLE):
        raise Refused
    fields: dict[bytes, bytes] = {}
    for name, value in lines:
        fields[name] = fields[name] + b", " + value if name in fields else value
    if is_1_1 and b"host" not in fields:
        raise Refused
    if HOST.fullmatch(fields.get(b"host", b"")) is None:
        raise Refused
    path, query = judge_target(match["target"])
    length = judge_length(fields, is_1_1)
    if is_1_1 and fields.get(b"expect", b"100-continue").lower() != b"100-continue":
        raise Refused
    options = [option.strip(b" \t").lower() for option in fields.get(b"connection", b"").split(b",")]
    message = Message(match["method"], path, query, fields, keep_alive=is_1_1 and b"close" not in options)
    return message, length


def judge_target(target: bytes) -> tuple[bytes, bytes]:
    if len(target) > LONGEST_TARGET:
        raise Refused
    absolute = ABSOLUTE_FORM.fullmatch(target)
    if absolute is not None:
        target = absolute[1] or b"/"
    if ORIGIN_FORM.fullmatch(target) is None:
        raise Refused
    path, _, query = target.partition(b"?")
    return path, query


def judge_length(fields: dict[bytes, bytes], is_1_1: bool) -> int | None:
    coding = fields.get(b"transfer-encoding")
    declared = fields.get(b"content-length")
    if coding is not None:
        if declared is not None or not is_1_1 or coding.lower() != b"chunked":
            raise Refused
        return None
    if declared is None:
        return 0
    if re.fullmatch(rb"[0-9]+", declared) is None or len(declared.lstrip(b"0")) > MOST_DIGITS:
        raise Refused
    return int(declared)


def read_chunks(stream: bytes, at: int, message: Message) -> int:
    """Puts the body together; returns where the message ends."""
    while True:
        line, at = take_line(stream, at, LONGEST_CHUNK_LINE)
        if line is None:
            return at
        match = CHUNK_LINE.fullmatch(line)
        if match is None or len(match["size"]) > MOST_DIGITS:
            raise Refused
        size = int(match["size"], 16)
        if size == 0:
            break
        message.body += stream[at : at + size]
        if not b"\r\n".startswith(stream[at + size : at + size + 2]):
            raise Refused
        if at + size + 2 > len(stream):
            return len(stream)
        at += size + 2
    room, count = LONGEST_HEAD, 0
    while True:
        line, at = take_line(stream, at, room)
        if line is None:
            return at
        if line == b"":
            message.is_complete = True
            return at
        room -= len(line) + 2
        count += 1
        if count > MOST_FIELDS or FIELD.fullmatch(line + b"\r\n") is None:
            raise Refused


def take_line(stream: bytes, at: int, longest: int) -> tuple[bytes | None, int]:
    """A line without its end, None when the end has not come, and where the next one begins."""
    end = stream.find(b"\r\n", at)
    line = stream[at:] if end < 0 else stream[at : end + 2]
    refuse_control_characters(line[:longest])
    if len(line) > longest:
        raise Refused
    return (None, len(stream)) if end < 0 else (line[:-2], end + 2)
