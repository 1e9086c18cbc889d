"""Guests that fetch and post as fast as they are served, each on an address and a connection of its own.

many_guests.py ADDRESS PORT GUESTS SECONDS  -- prints how many results were stored in each whole second. Connections
are kept alive where the server keeps them.
"""

import json
import os
import socket
import sys
import threading
import time

GET = b"GET /task HTTP/1.1\r\nHost: bench\r\n\r\n"
# No result for so long means that no task is left.
RUN_OUT_SECONDS = 0.5
BODY = b"The agent's answer. " * 5
POST = b"POST /result?id=%s HTTP/1.1\r\nHost: bench\r\nX-Exit-Code: 0\r\nContent-Length: %d\r\n\r\n%s"


class Guest:
    """One request at a time: asks for a task, posts its result, and again."""

    def __init__(self, server, source):
        self.server = server
        self.source = source
        self.stored = []
        self.refused = 0
        self.connect()

    def connect(self):
        self.socket = socket.create_connection(self.server, 10, (self.source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def ask(self, request):
        """The status and the body of the answer, read with as little work as can be: the load must not be the limit."""
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            data = self.socket.recv(65536)
            if not data:
                raise ConnectionError("the server ended the connection")
            received += data
        head, _end, body = received.partition(b"\r\n\r\n")
        lines = head.lower().split(b"\r\n")
        size = next((int(line[15:]) for line in lines if line.startswith(b"content-length:")), 0)
        while len(body) < size:
            body += self.socket.recv(65536)
        if lines[0].startswith(b"http/1.0") or b"connection: close" in lines:
            self.socket.close()
            self.connect()
        return lines[0].split(b" ")[1], body

    def run(self, stop):
        while not stop.is_set():
            _status, task = self.ask(GET)
            if not task:
                stop.set()
                return
            task_id = json.loads(task)["id"].encode()
            status, _answer = self.ask(POST % (task_id, len(BODY), BODY))
            if status == b"200":
                self.stored.append(time.monotonic())
            else:
                self.refused += 1


def main():
    address, port, count, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    threading.Thread(target=lambda: (sys.stdin.buffer.read(), os._exit(1)), daemon=True).start()
    stop = threading.Event()
    guests = [Guest((address, port), f"127.0.0.{index + 2}") for index in range(count)]
    start = time.monotonic()
    for guest in guests:
        threading.Thread(target=guest.run, args=(stop,), daemon=True).start()
    stop.wait(seconds)
    stop.set()
    stored = [at - start for guest in guests for at in guest.stored]
    # Where tasks run out, guests are held: only the seconds count in which all of them had work.
    last = max(stored, default=0)
    elapsed = last if last < seconds - RUN_OUT_SECONDS else seconds
    windows = [sum(1 for at in stored if second <= at < second + 1) for second in range(int(elapsed))]
    refused = sum(guest.refused for guest in guests)
    event = {"event": "done", "at": time.monotonic_ns() / 1e6, "windows": windows, "refused": refused}
    print(json.dumps(event), flush=True)
    os._exit(0)


main()
