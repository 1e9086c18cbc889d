"""Firecracker's log and metrics. The log goes to standard output unless a file is named, as the real one's does."""

from __future__ import annotations

import json
import os
import time

from .file_view import FileView

_LEVELS = ("Off", "Error", "Warn", "Info", "Debug", "Trace")


class ProcessLog:
    def __init__(self, instance_id: str) -> None:
        self._instance_id = instance_id
        self._descriptor = 1
        self._level = _LEVELS.index("Info")
        self._metrics: int | None = None
        self.deprecated_calls = 0
        self.failed_calls = 0

    def open(self, view: FileView, path: str) -> None:
        self._descriptor = view.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK)

    def set_level(self, level: str) -> None:
        self._level = _LEVELS.index("Warn" if level == "Warning" else level)

    def info(self, line: str) -> None:
        self._write("Info", line)

    def warn(self, line: str) -> None:
        self._write("Warn", line)

    def error(self, line: str) -> None:
        self._write("Error", line)

    def open_metrics(self, view: FileView, path: str) -> None:
        self._metrics = view.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NONBLOCK)

    @property
    def has_metrics(self) -> bool:
        return self._metrics is not None

    def flush_metrics(self) -> None:
        if self._metrics is None:
            return
        line = {
            "utc_timestamp_ms": int(time.time() * 1000),
            "deprecated_api": {"deprecated_http_api_calls": self.deprecated_calls},
            "logger": {"missed_log_count": 0, "missed_metrics_count": 0},
            "vmm": {"panic_count": 0},
        }
        _write_to(self._metrics, json.dumps(line) + "\n")

    def _write(self, level: str, line: str) -> None:
        if _LEVELS.index(level) > self._level:
            return
        now = time.time()
        stamp = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(now)) + f".{int(now % 1 * 1e9):09d}"
        _write_to(self._descriptor, f"{stamp} [{self._instance_id}:main] {line}\n")


def _write_to(descriptor: int, line: str) -> None:
    try:
        os.write(descriptor, line.encode("utf-8", "replace"))
    except OSError:
        # A line that nobody takes is lost; Firecracker only counts it.
        pass
