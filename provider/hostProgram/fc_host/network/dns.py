"""Asks name servers for IPv4 addresses, with the time that each answer is good for, which getaddrinfo does not tell.

Source: RFC 1035 (messages: 4, UDP and TCP: 4.2).
"""

from __future__ import annotations

import secrets
import socket
import struct
import time
from collections.abc import Sequence
from typing import NamedTuple

TYPE_A = 1
CLASS_IN = 1
_HEADER = struct.Struct("!HHHHHH")
_RECORD = struct.Struct("!HHIH")
_RECURSION_DESIRED = 0x0100
_TRUNCATED = 0x0200

# A resolver that knows the answer gives it in milliseconds; one that has to ask others may take a second or two.
ANSWER_SECONDS = 2.0
ROUNDS = 2


class Answer(NamedTuple):
    addresses: tuple[str, ...]
    # The shortest time to live among them.
    seconds: int


class LookupFailed(Exception):
    """Its text says why a name has no addresses, as a phrase."""


def look_up(name: str, servers: Sequence[str]) -> Answer:
    """Asks each server in turn, and again; the first answer counts, also that there is no such name."""
    if not servers:
        raise LookupFailed("there is no name server to ask")
    failures: dict[str, str] = {}
    for _ in range(ROUNDS):
        for server in servers:
            try:
                return _ask(name, server)
            except (OSError, ValueError, struct.error) as error:
                failures[server] = (str(error) or type(error).__name__).lower()
    raise LookupFailed("; ".join(f"{server}: {reason}" for server, reason in failures.items()))


def _ask(name: str, server: str) -> Answer:
    identifier = secrets.randbelow(65536)
    question = _encode_name(name) + struct.pack("!HH", TYPE_A, CLASS_IN)
    query = _HEADER.pack(identifier, _RECURSION_DESIRED, 1, 0, 0, 0) + question
    message = _ask_by_datagram(query, server)
    if _HEADER.unpack_from(message)[1] & _TRUNCATED:
        message = _ask_by_stream(query, server)
    return _read_answer(message)


def _ask_by_datagram(query: bytes, server: str) -> bytes:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asker:
        # Connected: the kernel hands over what comes from this server and port only.
        asker.connect((server, 53))
        asker.send(query)
        deadline = time.monotonic() + ANSWER_SECONDS
        while True:
            asker.settimeout(max(0.001, deadline - time.monotonic()))
            message = asker.recv(4096)
            if _is_answer(message, query):
                return message


def _ask_by_stream(query: bytes, server: str) -> bytes:
    with socket.create_connection((server, 53), ANSWER_SECONDS) as asker:
        asker.sendall(struct.pack("!H", len(query)) + query)
        with asker.makefile("rb") as source:
            (length,) = struct.unpack("!H", source.read(2))
            message = source.read(length)
    if not _is_answer(message, query):
        raise ValueError("an answer to another question")
    return message


def _is_answer(message: bytes, query: bytes) -> bool:
    """Whether it has the number of our question, and the question itself: a forger would have to guess both."""
    if len(message) < len(query) or message[:2] != query[:2] or not message[2] & 0x80:
        return False
    return message[_HEADER.size : len(query)].lower() == query[_HEADER.size :].lower()


_REASONS = {1: "it does not understand the question", 2: "it failed", 3: "there is no such name", 5: "it refused"}


def _read_answer(message: bytes) -> Answer:
    _, flags, questions, answers, _, _ = _HEADER.unpack_from(message)
    code = flags & 0xF
    if code == 3:
        raise LookupFailed(_REASONS[code])
    if code != 0:
        raise ValueError(_REASONS.get(code, f"it answered with the code {code}"))
    at = _HEADER.size
    for _ in range(questions):
        at = _skip_name(message, at) + 4
    addresses: list[str] = []
    # Aliases stand before what they lead to, and their time counts as well (RFC 1034, 3.6.2).
    shortest = 2**31 - 1
    for _ in range(answers):
        at = _skip_name(message, at)
        kind, network, seconds, length = _RECORD.unpack_from(message, at)
        at += _RECORD.size
        if at + length > len(message):
            raise ValueError("its answer is cut off")
        if network == CLASS_IN:
            shortest = min(shortest, seconds)
        if kind == TYPE_A and network == CLASS_IN and length == 4:
            addresses.append(socket.inet_ntoa(message[at : at + 4]))
        at += length
    if not addresses:
        raise LookupFailed("it has no IPv4 address")
    return Answer(tuple(sorted(set(addresses))), shortest)


def _encode_name(name: str) -> bytes:
    labels = name.rstrip(".").encode("ascii").split(b".")
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def _skip_name(message: bytes, at: int) -> int:
    while True:
        if at >= len(message):
            raise ValueError("its answer is cut off")
        length = message[at]
        if length >= 0xC0:
            return at + 2
        if length == 0:
            return at + 1
        at += 1 + length
