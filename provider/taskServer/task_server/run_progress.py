"""What an agent is doing, read from the stream of JSON lines that its guest passes on.

The lines come from the guest, so nothing in them is believed: unknown shapes are passed over, texts are cut.
"""

from __future__ import annotations

import json
import re

MAX_DETAIL_CHARACTERS = 120
# Where a tool's input says what it is about, most telling first.
_TELLING_INPUTS = ("file_path", "command", "pattern", "url", "query", "description", "prompt")
_INVISIBLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udfff]+")


class RunProgress:
    def __init__(self) -> None:
        self._state: str | None = None
        self._turns = 0
        self._last_message: object = None
        self._tool: str | None = None
        self._detail: str | None = None
        self._cost_usd: float | None = None
        self._obstacle: str | None = None

    def feed(self, lines: bytes) -> bool:
        """Takes in whole lines. True when something is to be told."""
        before = self.to_json()
        for line in lines.splitlines():
            try:
                event = json.loads(line)
            except (ValueError, RecursionError):
                continue
            if isinstance(event, dict):
                self._take(event)
        return self.to_json() != before

    def to_json(self) -> dict[str, object]:
        if self._obstacle is not None:
            return {"state": self._obstacle}
        known = {
            "state": self._state,
            "turn": self._turns or None,
            "tool": self._tool,
            "detail": self._detail,
            "costUsd": self._cost_usd,
        }
        return {key: value for key, value in known.items() if value is not None}

    def _take(self, event: dict[str, object]) -> None:
        kind = event.get("type")
        # Whatever comes after it: it has been passed.
        self._obstacle = _describe_retry(event) if event.get("subtype") == "api_retry" else None
        if kind == "fc-agents":
            self._state = _short(event.get("state"))
        elif kind == "assistant":
            self._take_message(event.get("message"), is_of_sub_agent=event.get("parent_tool_use_id") is not None)
        elif kind == "result":
            cost = event.get("total_cost_usd")
            if isinstance(cost, (int, float)) and not isinstance(cost, bool) and 0 <= cost < 1e6:
                self._cost_usd = float(cost)

    def _take_message(self, message: object, is_of_sub_agent: bool) -> None:
        # What the command line says itself, such as an error of the API, has the form of a message too.
        if not isinstance(message, dict) or message.get("model") == "<synthetic>":
            return
        # The blocks of one message come as events of their own. Those of sub-agents are no turns of this one.
        if not is_of_sub_agent and (message.get("id") is None or message.get("id") != self._last_message):
            self._last_message = message.get("id")
            self._turns += 1
        content = message.get("content")
        for block in content if isinstance(content, list) else []:
            if isinstance(block, dict) and block.get("type") == "tool_use":
                self._tool = _short(block.get("name"))
                self._detail = _telling(block.get("input"))


def _describe_retry(event: dict[str, object]) -> str:
    """The agent asks the API again and again, later and later, which takes it minutes."""
    status, attempt, limit = (event.get(name) for name in ("error_status", "attempt", "max_retries"))
    told = [f"error {status}"] if _is_count(status) else []
    if _is_count(attempt):
        told.append(f"retry {attempt} of {limit}" if _is_count(limit) else f"retry {attempt}")
    return f"waiting for the API ({', '.join(told)})" if told else "waiting for the API"


def _is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 1_000_000


def _telling(tool_input: object) -> str | None:
    if not isinstance(tool_input, dict):
        return None
    found = (tool_input.get(name) for name in _TELLING_INPUTS)
    return next((text for text in map(_short, found) if text), None)


def _short(value: object) -> str | None:
    """One visible line: escape sequences would reach somebody's terminal."""
    if not isinstance(value, str):
        return None
    line = _INVISIBLE.sub(" ", value).strip()
    return line if len(line) <= MAX_DETAIL_CHARACTERS else line[: MAX_DETAIL_CHARACTERS - 1] + "…"
