"""Says 'ready' as soon as something listens: wait_for_listener.py ADDRESS PORT."""

import json
import socket
import sys
import time

deadline = time.monotonic() + 10
while time.monotonic() < deadline:
    try:
        socket.create_connection((sys.argv[1], int(sys.argv[2])), 1).close()
        print(json.dumps({"event": "ready", "at": time.monotonic_ns() / 1e6}), flush=True)
        break
    except OSError:
        time.sleep(0.01)
