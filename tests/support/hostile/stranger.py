"""Tries to be served by a task server: `stranger.py ADDRESS PORT [SOURCE] [freebind]`. Prints one JSON line.

It connects (from SOURCE, if given), asks for a task, and tells what it has learnt: whether the connection was made,
and each byte that came back. It does so as the user nobody, who has no rights.
"""

import json
import os
import socket
import sys

SECONDS = 2.0
NOBODY = 65534
IP_FREEBIND = 15

address, port = sys.argv[1], int(sys.argv[2])
os.setgroups([])
os.setgid(NOBODY)
os.setuid(NOBODY)
report = {"isConnected": False, "received": "", "error": ""}
try:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as connection:
        connection.settimeout(SECONDS)
        if len(sys.argv) > 3:
            if sys.argv[4:] == ["freebind"]:
                connection.setsockopt(socket.IPPROTO_IP, IP_FREEBIND, 1)
            connection.bind((sys.argv[3], 0))
        connection.connect((address, port))
        report["isConnected"] = True
        connection.sendall(b"GET /task HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
        while True:
            piece = connection.recv(65536)
            if not piece:
                break
            report["received"] += piece.decode("latin-1")
except OSError as error:
    report["error"] = repr(error)
print(json.dumps(report))
