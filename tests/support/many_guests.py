"""Many light guests in one process, each with an address of its own, in whatever network namespace it is.

many_guests.py URL NETNS=ADDRESS...  -- says {"event": "run", "guest", "id"} when an agent runs and {"event": "posted",
"guest", "id", "status"} when its result was answered. No result is posted before a line has come on standard input;
the end of the input ends everything. A prompt "@pieces N" asks for a result of N MiB, anything else is repeated.
"""

import ctypes
import hashlib
import http.client
import json
import os
import sys
import threading
import time
from urllib.parse import urlsplit

CLONE_NEWNET = 0x40000000
PIECE_BYTES = 1024 * 1024
PAUSE_SECONDS = 0.05
ANSWER_SECONDS = 60

said = threading.Lock()
released = threading.Event()
libc = ctypes.CDLL(None, use_errno=True)


def say(event, **more):
    with said:
        print(json.dumps({"event": event, **more}), flush=True)


def enter(netns):
    """Moves this thread, and it alone, into a network namespace."""
    descriptor = os.open("/run/netns/" + netns, os.O_RDONLY)
    if libc.setns(descriptor, CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")
    os.close(descriptor)


def pieces(prompt):
    """The result, a MiB at a time at most; each piece of a long one differs from the others."""
    if not prompt.startswith("@pieces "):
        yield b"done: " + prompt.encode()
        return
    for number in range(int(prompt.split()[1])):
        line = hashlib.sha256(str(number).encode()).hexdigest().encode() + b"\n"
        yield (line * (PIECE_BYTES // len(line) + 1))[:PIECE_BYTES]


def size_of(prompt):
    return int(prompt.split()[1]) * PIECE_BYTES if prompt.startswith("@pieces ") else len(b"done: " + prompt.encode())


def ask(url, source, method, path, body=None, headers=None):
    connection = http.client.HTTPConnection(url.hostname, url.port, timeout=ANSWER_SECONDS, source_address=(source, 0))
    try:
        connection.request(method, path, body, headers or {})
        response = connection.getresponse()
        return response.status, response.read()
    finally:
        connection.close()


def serve(url, source):
    _status, body = ask(url, source, "GET", "/task")
    if not body:
        return
    task = json.loads(body)
    task_id, prompt = task["id"], task["prompt"]
    say("run", guest=source, id=task_id)
    released.wait()
    headers = {"X-Exit-Code": "0", "Content-Length": str(size_of(prompt))}
    status, _answer = ask(url, source, "POST", "/result?id=" + task_id, pieces(prompt), headers)
    say("posted", guest=source, id=task_id, status=status)


def run(url, netns, source):
    enter(netns)
    while True:
        try:
            serve(url, source)
        except (OSError, http.client.HTTPException):
            time.sleep(PAUSE_SECONDS)


def main():
    url = urlsplit(sys.argv[1])
    threading.stack_size(256 * 1024)
    for guest in sys.argv[2:]:
        netns, _equals, source = guest.partition("=")
        threading.Thread(target=run, args=(url, netns, source), daemon=True).start()
    if sys.stdin.buffer.readline():
        released.set()
        sys.stdin.buffer.read()
    os._exit(0)


main()
