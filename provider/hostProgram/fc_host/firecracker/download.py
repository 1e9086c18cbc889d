"""Fetches a file over HTTP(S): certificates checked, redirects, time and size bounded."""

from __future__ import annotations

import http.client
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING

from task_server.refusal import Refusal

from fc_host.firecracker.content import Progress, Report, Written, write_content
from fc_host.firecracker.deadline import deadline

if TYPE_CHECKING:
    from http.client import HTTPMessage

# How long a server may say nothing at all.
SILENCE_SECONDS = 30.0
REDIRECT_LIMIT = 5
# A checksum file holds one line.
TEXT_LIMIT = 4096
TEXT_SECONDS = 60.0

_HINT = "Check the address, and that the host may reach it; or upload the file from here (`file`)."


def download(url: str, path: str, limit: int, seconds: float, what: str, report: Report) -> Written:
    """Writes what the address holds to a file; returns its hash. The caller compares it before anything uses it."""
    report(f"{what}: from {show(url)}")
    with deadline(seconds, f"the download of {show(url)}", _HINT), _opened(url) as response:
        total = _length_of(response)
        if total is not None and total > limit:
            raise Refusal("too_large", f"{show(url)} is larger than {limit // 1024**2} MiB")
        written = write_content(path, response, limit, Progress(what, total, report))
    if total is not None and written.size != total:
        raise Refusal("download", f"the download of {show(url)} broke off after {written.size} of {total} bytes", _HINT)
    return written


def download_text(url: str) -> str:
    """A short text, such as a checksum file."""
    with deadline(TEXT_SECONDS, f"the download of {show(url)}", _HINT), _opened(url) as response:
        return response.read(TEXT_LIMIT).decode("ascii", "replace")


def show(url: str) -> str:
    """The address as it may stand in a message: what follows the path may be a signature."""
    parts = urllib.parse.urlsplit(url)
    return f"{parts.scheme}://{parts.hostname or ''}{f':{parts.port}' if parts.port else ''}{parts.path}"


class _BoundedRedirects(urllib.request.HTTPRedirectHandler):
    """A few redirects, never from https to something that anybody on the way could change."""

    max_redirections = REDIRECT_LIMIT
    max_repeats = 2

    def redirect_request(
        self, req: urllib.request.Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> urllib.request.Request | None:
        schemes = ("https",) if req.type == "https" else ("https", "http")
        if urllib.parse.urlsplit(newurl).scheme not in schemes:
            raise Refusal("download", f"{show(req.full_url)} redirects to {show(newurl)}, which is not https", _HINT)
        return super().redirect_request(req, fp, code, msg, headers, newurl)


@contextmanager
def _opened(url: str) -> Iterator[http.client.HTTPResponse]:
    try:
        with _make_opener().open(url, timeout=SILENCE_SECONDS) as response:
            yield response
    except urllib.error.HTTPError as error:
        # urllib's own text for too many redirects has several lines.
        is_loop = "redirect" in str(error)
        answer = "redirects too often" if is_loop else f"answered {error.code} {error.reason}"
        raise Refusal("download", f"{show(url)} {answer}", _HINT) from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        reason: object = error.reason if isinstance(error, urllib.error.URLError) else error
        is_silent = isinstance(reason, socket.timeout)
        text = f"it said nothing for {SILENCE_SECONDS:g} s" if is_silent else str(reason)
        raise Refusal(
            "download", f"the download of {show(url)} failed: {text or type(reason).__name__}", _HINT
        ) from error


def _make_opener() -> urllib.request.OpenerDirector:
    """Knows http and https only; urllib's usual one would read file: and ftp: too."""
    try:
        import ssl
    except ImportError as error:
        raise Refusal("no_ssl", f"python3 there cannot speak https: {error}", _HINT) from error
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler(),
        urllib.request.HTTPHandler(),
        urllib.request.HTTPSHandler(context=ssl.create_default_context()),
        urllib.request.HTTPDefaultErrorHandler(),
        urllib.request.HTTPErrorProcessor(),
        urllib.request.UnknownHandler(),
        _BoundedRedirects(),
    ):
        opener.add_handler(handler)
    opener.addheaders = [("User-Agent", "pulumi-fc-agents"), ("Accept-Encoding", "identity")]
    return opener


def _length_of(response: http.client.HTTPResponse) -> int | None:
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isascii() and length.isdigit() else None
