"""Writes each request and its answer's status as a line of JSON, for tests that look at what was asked.

To the file that FIRECRACKER_DOUBLE_LOG names, and to requests.log beside the API socket where a file .record-requests
stands in the process's working root.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

from .controller import Answer
from .http_messages import Request

_LOG_VARIABLE = "FIRECRACKER_DOUBLE_LOG"


class RequestLog:
    def __init__(self, root: str, api_socket: str) -> None:
        named = os.environ.get(_LOG_VARIABLE)
        self._paths = [] if named is None else [Path(named)]
        if Path(root, ".record-requests").exists():
            self._paths.append(Path(root, api_socket.lstrip("/")).parent / "requests.log")

    def add(self, request: Request, answer: Answer) -> None:
        if not self._paths:
            return
        line = {
            "method": request.method,
            "path": request.path,
            "body": _read(request.body),
            "status": answer.status,
            "fault": answer.body.get("fault_message") if answer.status >= 400 else None,
            "isDeprecated": answer.is_deprecated,
        }
        for path in self._paths:
            with open(path, "a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def _read(body: bytes) -> object:
    if not body:
        return None
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body.decode("utf-8", "replace")
