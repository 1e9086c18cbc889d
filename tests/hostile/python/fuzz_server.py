"""Speaks spoiled requests to a live task server, as a guest that is allowed to, and checks what comes of them.

    fuzz_server.py ADDRESS PORT GUEST SEED COUNT

What a strict reader does not take for a request must neither hand out a task nor store a result. Prints one JSON
line: counts, the tasks that were given to it and the results that the server said it had stored. Exits with 1, and
tells the stream, where the server answered otherwise than a strict reading allows, or did not answer.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import socket
import sys
from http.client import HTTPConnection
from random import Random
from urllib.parse import unquote_to_bytes

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from make_requests import SPOILERS, make_chunked, make_request
from strict_reading import Message, read_stream

# The server holds a poll for a moment only while it is under this test.
ANSWER_SECONDS = 10.0
MOST_BYTES = 64 * 1024 * 1024
STATUS = re.compile(rb"HTTP/1\.1 ([0-9]{3}) ")


class Difference(Exception):
    pass


class Guest:
    def __init__(self, address: tuple[str, int], own: str) -> None:
        self.address, self.own = address, own
        self.task = ""
        self.given: list[str] = []
        self.stored: dict[str, str] = {}
        # A reset may have thrown away the answer that handed out a task.
        self.is_unsure = True
        self.counts = {"streams": 0, "requests": 0, "refused": 0, "accepted": 0, "answers": 0}

    def connect(self) -> socket.socket:
        connection = socket.create_connection(self.address, ANSWER_SECONDS, (self.own, 0))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def examine(self, random: Random) -> None:
        """One stream on a connection of its own."""
        if self.is_unsure:
            self.is_unsure = False
            self.take_cleanly()
        stream = self.make_stream(random)
        reading = read_stream(stream)
        complete = [message for message in reading.messages if message.is_complete]
        answers = self.converse(random, stream, len(complete) + reading.is_refused)
        for number, (status, body) in enumerate(answers):
            self.judge(complete[number] if number < len(complete) else None, status, body)
        self.counts["streams"] += 1
        self.counts["requests"] += max(1, len(reading.messages))
        self.counts["refused"] += reading.is_refused
        self.counts["accepted"] += len(complete)
        self.counts["answers"] += len(answers)

    def make_stream(self, random: Random) -> bytes:
        stream = b"".join(self.make_valid(random) for _ in range(random.choice((1, 1, 1, 2))))
        while random.random() < 0.5:
            stream = random.choice(SPOILERS)(random, stream)
        return stream

    def make_valid(self, random: Random) -> bytes:
        kind = random.random()
        if kind < 0.15:
            return b"GET /task HTTP/1.1\r\nHost: h\r\n\r\n"
        if kind < 0.3:
            return make_request(random)
        name = self.task.encode() or b"none"
        target, named = random.choice(((b"?id=" + name, b""), (b"", b"X-Task-Id: " + name + b"\r\n"), (b"", b"")))
        head = b"POST /result" + target + b" HTTP/1.1\r\nHost: h\r\n" + named
        if random.random() < 0.5:
            return head + b"Transfer-Encoding: chunked\r\n\r\n" + make_chunked(random)
        body = random.randbytes(random.choice((0, 3, 200)))
        return head + b"Content-Length: %d\r\n\r\n" % len(body) + body

    def converse(self, random: Random, stream: bytes, expected: int) -> list[tuple[int, bytes]]:
        """Sends the stream in a few pieces; reads as many answers as a strict reader would give, or to the end."""
        with self.connect() as connection:
            at = 0
            try:
                while at < len(stream):
                    end = len(stream) if random.random() < 0.7 else random.randrange(at, len(stream)) + 1
                    connection.sendall(stream[at:end])
                    at = end
            except OSError:
                pass  # It was refused before all of it was sent.
            received = b""
            while True:
                answers, is_whole = split_answers(received, stream)
                if len(answers) >= expected and is_whole:
                    return answers
                try:
                    piece = connection.recv(65536)
                except socket.timeout as error:
                    raise Difference(f"{len(answers)} answers instead of {expected}") from error
                except ConnectionResetError:
                    self.is_unsure = True
                    piece = b""
                if not piece:
                    return answers
                received += piece
                if len(received) > MOST_BYTES:
                    raise Difference("answers without end")

    def judge(self, message: Message | None, status: int, body: bytes) -> None:
        """An answer may be a refusal; what it grants, a strict reader must have asked for."""
        if status >= 500 and status not in (501, 505):
            raise Difference(f"the server has a fault: {status}")
        if status >= 300:
            return
        if message is None:
            raise Difference(f"{status} for what is no request")
        if body.startswith(b"{"):
            if (message.method, message.path) != (b"GET", b"/task"):
                raise Difference("a task for another request")
            self.take(json.loads(body)["id"])
        elif body == b"stored\n":
            self.keep(message)
        elif (message.method, message.path, status) not in EMPTY_ANSWERS:
            raise Difference(f"{status} for {message.method!r} {message.path!r}")

    def take_cleanly(self) -> None:
        connection = HTTPConnection(*self.address, timeout=ANSWER_SECONDS, source_address=(self.own, 0))
        connection.request("GET", "/task")
        self.take(json.loads(connection.getresponse().read())["id"])
        connection.close()

    def take(self, task: str) -> None:
        self.task = task
        self.given.append(task)

    def keep(self, message: Message) -> None:
        if (message.method, message.path) != (b"POST", b"/result"):
            raise Difference("a result stored for another request")
        names = [value for key, value in pairs(message.query) if key == b"id" and value]
        names += [message.fields[b"x-task-id"]] if message.fields.get(b"x-task-id") else []
        if len(set(names)) > 1 or not {b"content-length", b"transfer-encoding"} & set(message.fields):
            raise Difference("a result stored that names no task, or two, or has no length")
        digest = hashlib.sha256(message.body).hexdigest()
        if not names and self.task in self.stored:
            # A bare post without a claim: only a result that is there already is stored 'again'.
            is_right = digest in self.stored.values()
        else:
            task = names[0].decode() if names else self.task
            is_right = task in self.given and self.stored.setdefault(task, digest) == digest
        if not is_right:
            raise Difference(f"a result stored for {names or self.task!r}: {message}, {self.stored.get(self.task)}")


EMPTY_ANSWERS = {
    *((b"HEAD", b"/task", 200), (b"GET", b"/task", 204), (b"GET", b"/healthz", 200), (b"HEAD", b"/healthz", 200)),
}


def pairs(query: bytes) -> list[tuple[bytes, bytes]]:
    found = [pair.partition(b"=") for pair in query.split(b"&")]
    return [(unquote_to_bytes(key), unquote_to_bytes(value)) for key, _, value in found]


def split_answers(received: bytes, stream: bytes) -> tuple[list[tuple[int, bytes]], bool]:
    """Final answers with their bodies, and whether nothing is left over."""
    answers: list[tuple[int, bytes]] = []
    at = 0
    while at < len(received):
        end = received.find(b"\r\n\r\n", at)
        match = STATUS.match(received, at)
        if end < 0 or match is None:
            if match is None and len(received) - at >= 13:
                raise Difference(f"no answer: {received[at : at + 40]!r}")
            return answers, False
        length = re.search(rb"\r\nContent-Length: ([0-9]+)\r\n", received[at : end + 2])
        status, size = int(match[1]), int(length[1]) if length else 0
        if end + 4 + size > len(received):
            return answers, False
        if status != 100:
            answers.append((status, received[end + 4 : end + 4 + size]))
        at = end + 4 + size
    return answers, True


def main() -> None:
    guest = Guest((sys.argv[1], int(sys.argv[2])), sys.argv[3])
    seed, count = int(sys.argv[4]), int(sys.argv[5])
    while guest.counts["streams"] < count:
        number = seed + guest.counts["streams"]
        try:
            guest.examine(Random(number))
        except Exception as error:
            sys.stdout.write(json.dumps({"seed": number, "difference": repr(error)[:2000]}) + "\n")
            sys.exit(1)
    sys.stdout.write(json.dumps({**guest.counts, "given": guest.given, "stored": guest.stored}) + "\n")


main()
