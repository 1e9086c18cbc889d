"""Connections that cost a server something: some say nothing, some send a byte a second.

crowd.py ADDRESS PORT IDLE SLOW  -- says 'ready' when all are open, and when its input ends how many the server closed;
those are opened again, so that the crowd stays as large as it was.
"""

import json
import os
import resource
import selectors
import socket
import sys
import threading
import time

OPEN_PAUSE = 0.001


class Crowd:
    def __init__(self, server, idle, slow):
        self.server = server
        self.selector = selectors.DefaultSelector()
        self.closed = 0
        for index in range(idle + slow):
            self.open(index, is_slow=index >= idle)
            time.sleep(OPEN_PAUSE)

    def open(self, index, is_slow):
        source = f"127.0.{1 + index // 200}.{1 + index % 200}"
        connection = socket.create_connection(self.server, 20, (source, 0))
        self.selector.register(connection, selectors.EVENT_READ, (index, is_slow))
        if is_slow:
            connection.sendall(b"GET /task HTTP/1.1\r\nX-Slow: ")

    def run(self):
        while True:
            due = time.monotonic() + 1
            while time.monotonic() < due:
                for key, _events in self.selector.select(max(0, due - time.monotonic())):
                    self.attend(key)
            for key in list(self.selector.get_map().values()):
                if key.data[1]:
                    try:
                        key.fileobj.send(b"x")
                    except OSError:
                        pass  # It is readable, too, and opened again in a moment.

    def attend(self, key):
        try:
            if key.fileobj.recv(4096):
                return
        except OSError:
            pass
        self.closed += 1
        self.selector.unregister(key.fileobj)
        key.fileobj.close()
        self.open(*key.data)


def say(event, **more):
    print(json.dumps({"event": event, "at": time.monotonic_ns() / 1e6, **more}), flush=True)


def main():
    address, port, idle, slow = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4])
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(4096, hard), hard))
    crowd = Crowd((address, port), idle, slow)
    threading.Thread(target=crowd.run, daemon=True).start()
    say("ready")
    sys.stdin.buffer.read()
    say("done", closed=crowd.closed)
    os._exit(0)


main()
