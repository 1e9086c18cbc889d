"""Leads what a module of the standard library logs into the server's log."""

from __future__ import annotations

import logging

from .log import log


def log_warnings_of(name: str) -> None:
    """Takes in what a module of the standard library logs: bounded, too, since guests can bring some of it about."""
    logger = logging.getLogger(name)
    logger.propagate = False
    logger.addHandler(_Handler(logging.WARNING))


class _Handler(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        cause = record.exc_info[1] if record.exc_info else None
        log(f"{record.getMessage()}{'' if cause is None else f': {cause!r}'}")
