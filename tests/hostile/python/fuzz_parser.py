"""Compares the task server's parser with the strict reading, on streams that are made anew for each seed.

    fuzz_parser.py SOURCES SEED COUNT [SECONDS]

Prints one JSON line with the counts, or the stream that was read differently, and exits with 1. Each stream has a
seed of its own, which is SEED plus its number: `fuzz_parser.py SOURCES THAT_SEED 1` shows one again. With SECONDS it
goes on until they are over.
"""

from __future__ import annotations

import json
import os
import sys
import time
from random import Random

sys.path[:0] = [sys.argv[1], os.path.dirname(os.path.abspath(__file__))]

from make_requests import make_stream  # noqa: E402
from strict_reading import Message, Reading, read_stream  # noqa: E402
from task_server.http_error import HttpError  # noqa: E402
from task_server.http_parser import Body, EndOfMessage, Request, RequestParser  # noqa: E402
from task_server.http_target import query_value  # noqa: E402

# Reading one stream takes less than a millisecond; machines stall, but not this long.
LONGEST_SECONDS = 5.0


class Difference(Exception):
    pass


class Outcome:
    """What the parser made of a stream."""

    def __init__(self) -> None:
        self.messages: list[Message] = []
        self.status = 0
        self.kept = 0

    def comparable(self) -> object:
        # Of a message that is refused in its middle, more or less may have been handed on before.
        bodies = [message.body if message.is_complete or not self.status else b"" for message in self.messages]
        heads = [(m.method, m.path, m.query, m.fields, m.keep_alive, m.is_complete) for m in self.messages]
        return heads, bodies, self.status


def run_parser(pieces: list[bytes]) -> Outcome:
    parser = RequestParser()
    outcome = Outcome()
    try:
        for piece in pieces:
            parser.receive(piece)
            for _ in range(len(piece) * 2 + 4):
                event = parser.next_event()
                if event is None:
                    break
                take(outcome, event)
            else:
                raise Difference("the parser makes events without end")
    except HttpError as error:
        outcome.status = error.status
    outcome.kept = parser.buffered_bytes
    return outcome


def take(outcome: Outcome, event: Request | Body | EndOfMessage) -> None:
    if isinstance(event, Request):
        fields = {name.encode("latin-1"): value.encode("latin-1") for name, value in event.headers.items()}
        head = (event.method.encode(), event.path.encode(), event.query.encode())
        outcome.messages.append(Message(*head, fields, event.keep_alive))
        check_query(event)
    elif isinstance(event, Body):
        outcome.messages[-1].body += event.data
    else:
        outcome.messages[-1].is_complete = True


def check_query(request: Request) -> None:
    """An id is a text without control characters, or the request is refused: never another exception."""
    try:
        value = query_value(request.query, "id")
    except HttpError:
        return
    if value is not None and any(ord(character) < 32 or 127 <= ord(character) < 160 for character in value):
        raise Difference(f"an id that is none: {value!r}")


def compare(reading: Reading, outcome: Outcome) -> None:
    if outcome.status not in (0, 400, 413, 414, 417, 431, 501, 505):
        raise Difference(f"refused with {outcome.status}")
    if reading.is_refused != (outcome.status != 0):
        raise Difference("refused by the parser only" if outcome.status else "accepted by the parser only")
    if len(reading.messages) != len(outcome.messages):
        raise Difference(f"{len(outcome.messages)} messages instead of {len(reading.messages)}")
    for expected, found in zip(reading.messages, outcome.messages):
        if expected.is_complete or not reading.is_refused:
            same_body = expected.body == found.body
        else:
            same_body = expected.body.startswith(found.body)
        expected_head = (expected.method, expected.path, expected.query, expected.fields, expected.keep_alive)
        found_head = (found.method, found.path, found.query, found.fields, found.keep_alive)
        if expected_head != found_head or expected.is_complete != found.is_complete or not same_body:
            raise Difference(f"read as {found} instead of {expected}")


def cut(random: Random, stream: bytes) -> list[bytes]:
    kind = random.random()
    if kind < 0.2 and len(stream) < 2000:
        return [stream[at : at + 1] for at in range(len(stream))]
    ends = sorted({random.randrange(len(stream) + 1) for _ in range(random.choice((1, 2, 8)))} | {len(stream)})
    return [stream[start:end] for start, end in zip([0, *ends], ends)]


def examine(seed: int, counts: dict[str, int]) -> None:
    random = Random(seed)
    stream = make_stream(random)
    started = time.monotonic()
    try:
        whole = run_parser([stream])
        pieces = cut(random, stream)
        if run_parser(pieces).comparable() != whole.comparable():
            raise Difference("it depends on how the bytes are cut")
        reading = read_stream(stream)
        compare(reading, whole)
        if whole.kept > len(stream) or time.monotonic() - started > LONGEST_SECONDS:
            raise Difference("it takes too long, or keeps too much")
    except Exception as error:
        report = {"seed": seed, "difference": repr(error)[:2000], "stream": repr(stream[:4000])}
        sys.stdout.write(json.dumps(report) + "\n")
        sys.exit(1)
    counts["streams"] += 1
    counts["requests"] += max(1, len(reading.messages) + reading.is_refused)
    counts["refused"] += reading.is_refused
    counts["accepted"] += sum(message.is_complete for message in reading.messages)
    counts["bytes"] += len(stream)


def main() -> None:
    seed, count = int(sys.argv[2]), int(sys.argv[3])
    until = time.monotonic() + float(sys.argv[4]) if len(sys.argv) > 4 else 0.0
    counts = {"streams": 0, "requests": 0, "refused": 0, "accepted": 0, "bytes": 0}
    while counts["streams"] < count or time.monotonic() < until:
        examine(seed + counts["streams"], counts)
    sys.stdout.write(json.dumps(counts) + "\n")


main()
