"""A guest whose agent takes no time: polls for a task, posts a result, and says when.

guest.py URL PAUSE [SOURCE...]  -- one guest for each source address; PAUSE in seconds follows an empty answer that came
at once, as in the scripts that guests have today. The prompt says what to do: {"bytes": N, "delayMs": M}.
"""

import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

REFUSED_PAUSE = 0.002
HELD_SECONDS = 1.0
BLOCK = b"0123456789abcdef" * 64 * 1024

said = threading.Lock()


def say(event, at, **more):
    with said:
        print(json.dumps({"event": event, "at": at, **more}), flush=True)


def now():
    return time.monotonic_ns() / 1e6


def request(address, source, method, path, body=None, headers=None, on_sent=None):
    connection = http.client.HTTPConnection(
        address.hostname, address.port, timeout=60, source_address=(source, 0) if source else None
    )
    try:
        connection.request(method, path, body, headers or {})
        if on_sent is not None:
            on_sent()
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def poll(address, source, pause):
    asked = time.monotonic()
    _status, body = request(address, source, "GET", "/task", on_sent=lambda: say("asking", now()))
    at = now()
    if not body:
        if time.monotonic() - asked < HELD_SECONDS:
            time.sleep(pause)
        return
    task = json.loads(body)
    say("task", at, id=task["id"])
    wish = json.loads(task["prompt"])
    size = wish.get("bytes", 100)
    result = (BLOCK * (size // len(BLOCK) + 1))[:size]
    time.sleep(wish.get("delayMs", 0) / 1000)
    path = "/result?id=" + task["id"]
    say("posting", now())
    status, _body = request(address, source, "POST", path, result, {"X-Exit-Code": "0"})
    say("posted", now(), status=status)


def run(url, source, pause):
    address = urlsplit(url)
    while True:
        try:
            poll(address, source, pause)
        except (OSError, http.client.HTTPException):
            time.sleep(REFUSED_PAUSE)


def main():
    url, pause, *sources = sys.argv[1:]
    for source in sources or [""]:
        threading.Thread(target=run, args=(url, source, float(pause)), daemon=True).start()
    sys.stdin.buffer.read()
    os._exit(0)


main()
