"""A guest's network stack that does what it is told, from inside a namespace.

    guest_client.py NAMESPACE

Reads JSON lines {"id", "protocol", "address", "port", "source"?, "timeoutSeconds"} and answers each with {"id",
"outcome"}: `answered`, `silent` when nothing comes back in time, or the error's name. `{"id", "hold": true, …}` keeps a
connection open under its id, and `{"id", "use": ID, …}` sends over it again. Ends with its standard input.
"""

import ctypes
import errno
import json
import socket
import sys
import threading

CLONE_NEWNET = 0x40000000
KINDS = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}

lock = threading.Lock()
held: dict = {}


def tell(**facts):
    with lock:
        print(json.dumps(facts), flush=True)


def attempt(order):
    try:
        if "use" in order:
            connection = held[order["use"]]
            connection.settimeout(order["timeoutSeconds"])
        else:
            connection = socket.socket(socket.AF_INET, KINDS[order["protocol"]])
            connection.settimeout(order["timeoutSeconds"])
            connection.bind((order.get("source", "0.0.0.0"), 0))
            connection.connect((order["address"], order["port"]))
        if order.get("port") == 53:
            connection.send(bytes.fromhex(order["payload"]))
        else:
            connection.send(b"hello")
        answer = connection.recv(4096)
        if order.get("hold"):
            held[order["id"]] = connection
        return "answered" if answer else "closed"
    except socket.timeout:
        return "silent"
    except OSError as error:
        return errno.errorcode.get(error.errno, str(error))


def main():
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{sys.argv[1]}", encoding="ascii") as handle:
        if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), "setns")
    tell(id=0, outcome="ready")
    for line in sys.stdin:
        order = json.loads(line)
        threading.Thread(target=lambda order=order: tell(id=order["id"], outcome=attempt(order)), daemon=True).start()


main()
