"""An honest guest, as curl would be: each request on a connection of its own, one after the other, timed.

time_requests.py ADDRESS PORT COUNT  -- COUNT times HEAD /task, GET /task (a task has to be queued), POST /result.
"""

import http.client
import json
import os
import sys
import threading
import time

PAUSE = 0.01


def request(server, method, path, body=None):
    start = time.monotonic_ns()
    connection = http.client.HTTPConnection(*server, timeout=60, source_address=("127.0.0.2", 0))
    connection.request(method, path, body)
    answer = connection.getresponse().read()
    elapsed = (time.monotonic_ns() - start) / 1e6
    connection.close()
    return elapsed, answer


def main():
    server, count = (sys.argv[1], int(sys.argv[2])), int(sys.argv[3])
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(1)), daemon=True).start()
    times = {"head": [], "get": [], "post": []}
    for _ in range(count):
        elapsed, _answer = request(server, "HEAD", "/task")
        times["head"].append(elapsed)
        elapsed, task = request(server, "GET", "/task")
        times["get"].append(elapsed)
        elapsed, _answer = request(server, "POST", "/result?id=" + json.loads(task)["id"], b"result")
        times["post"].append(elapsed)
        time.sleep(PAUSE)
    print(json.dumps({"event": "done", "at": time.monotonic_ns() / 1e6, **times}), flush=True)
    os._exit(0)


main()
