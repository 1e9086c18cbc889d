"""One client's connection to the API socket."""

from __future__ import annotations

import socket
from collections.abc import Callable

from .http_messages import BadRequest, Request, RequestParser, write_answer

_READ_BYTES = 65536
_CONTINUE = b"HTTP/1.1 100 \r\nServer: Firecracker API\r\nConnection: keep-alive\r\n\r\n"


class Connection:
    def __init__(self, client: socket.socket, max_body_bytes: int) -> None:
        client.setblocking(False)
        self.client = client
        self._parser = RequestParser(max_body_bytes)
        self._unsent = b""
        self._has_told_to_continue = False

    @property
    def has_unsent(self) -> bool:
        return self._unsent != b""

    def receive(self, answer: Callable[[Request], bytes]) -> bool:
        """Takes what has come in; False when the client has gone."""
        try:
            received = self.client.recv(_READ_BYTES)
        except BlockingIOError:
            return True
        except OSError:
            return False
        if not received:
            return False
        self._parser.feed(received)
        try:
            while (request := self._parser.next_request()) is not None:
                self._has_told_to_continue = False
                self._unsent += answer(request)
        except BadRequest as error:
            text = f"{error}\nAll previous unanswered requests will be dropped."
            self._unsent += write_answer(error.status, {"error": text})
        if self._parser.wants_continue() and not self._has_told_to_continue:
            self._has_told_to_continue = True
            self._unsent += _CONTINUE
        return self.send()

    def send(self) -> bool:
        while self._unsent:
            try:
                sent = self.client.send(self._unsent)
            except BlockingIOError:
                return True
            except OSError:
                return False
            self._unsent = self._unsent[sent:]
        return True
