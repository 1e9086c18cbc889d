"""The server as people write it for one job: a task in a file, a result in a file.

server.py ADDRESS PORT [--again]  -- in the current folder. With --again everybody who asks gets the task.
"""

import os
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        self.answer(b"", is_head=True)

    def do_GET(self):
        body = b""
        if self.path == "/task" and os.path.exists("task.json"):
            with open("task.json", "rb") as file:
                body = file.read()
            if body and "--again" not in sys.argv:
                os.rename("task.json", "task.taken.json")
        self.answer(body)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        with open("result", "wb") as file:
            file.write(body)
        self.answer(b"ok")

    def answer(self, body, is_head=False):
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if not is_head:
            self.wfile.write(body)


ThreadingHTTPServer((sys.argv[1], int(sys.argv[2])), Handler).serve_forever()
