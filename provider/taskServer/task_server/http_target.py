"""The request target: path and query, percent-decoded strictly.

Lenient decoding would let one task id be written in several ways, and let bytes through that are no text.
"""

from __future__ import annotations

import re

from .http_error import HttpError

# Longer than any target of ours with the longest task id, percent-encoded.
MAX_TARGET_BYTES = 2048

_ORIGIN_FORM = re.compile(r"/[!-~]*")
_ABSOLUTE_FORM = re.compile(r"[Hh][Tt][Tt][Pp]://[A-Za-z0-9.:\[\]_-]+(/[!-~]*)?")
_PERCENT = re.compile(rb"%([0-9A-Fa-f]{2})?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f]")


def split_target(target: str) -> tuple[str, str]:
    """Path and raw query of a request target. The path stays as sent: `/%74ask` is not `/task`."""
    if len(target) > MAX_TARGET_BYTES:
        raise HttpError(414, "The request target is too long.")
    if not target.startswith("/"):
        # Clients that think we are a proxy send the whole URL; every server must take it (RFC 9112, 3.2.2).
        absolute = _ABSOLUTE_FORM.fullmatch(target)
        if absolute is None:
            raise HttpError(400, "The request target is not a path.")
        target = absolute.group(1) or "/"
    if "#" in target or _ORIGIN_FORM.fullmatch(target) is None:
        raise HttpError(400, "The request target is malformed.")
    path, _, query = target.partition("?")
    return path, query


def query_value(query: str, name: str) -> str | None:
    """The value of the query parameter `name`, None without it. It must not come twice."""
    found: str | None = None
    for pair in query.split("&") if query else ():
        key, _, value = pair.partition("=")
        if decode_percent(key) == name:
            if found is not None:
                raise HttpError(400, "A query parameter comes twice.")
            found = decode_percent(value)
    return found


def decode_percent(text: str) -> str:
    """Decodes `%41`. Broken escapes, bytes that are not UTF-8 and control characters are refused."""
    if "%" not in text:
        return text

    def decode(match: re.Match[bytes]) -> bytes:
        if match.group(1) is None:
            raise HttpError(400, "The query has a broken percent escape.")
        return bytes((int(match.group(1), 16),))

    try:
        decoded = _PERCENT.sub(decode, text.encode("ascii")).decode("utf-8")
    except UnicodeError:
        raise HttpError(400, "The query is not UTF-8.") from None
    if _CONTROL.search(decoded):
        raise HttpError(400, "The query has control characters.")
    return decoded
