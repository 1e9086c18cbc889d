"""What another user of the host can do to a task server: `other_user.py FOLDER PID...`. Prints one JSON line.

It becomes nobody, tries each thing, and tells by its name how that ended: `ok`, or the name of the error.
"""

import errno
import json
import os
import socket
import sys

NOBODY = 65534
folder, pids = sys.argv[1], sys.argv[2:]
names = [name for name in sorted(os.listdir(folder)) if os.path.isfile(os.path.join(folder, name))]
os.setgroups([])
os.setgid(NOBODY)
os.setuid(NOBODY)


def read(path):
    with open(path, "rb") as file:
        file.read(1)


def write(path):
    with open(path, "ab"):
        pass


def connect(path):
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as control:
        control.connect(path)
        control.sendall(b'{"v": 1, "op": "status"}\n')
        control.recv(1)


attempts = {
    "connect": lambda: connect(os.path.join(folder, "control.sock")),
    "list": lambda: os.listdir(folder),
    "list results": lambda: os.listdir(os.path.join(folder, "results")),
    "make": lambda: write(os.path.join(folder, "made-by-another")),
    "remove": lambda: os.unlink(os.path.join(folder, "control.sock")),
    "rename": lambda: os.rename(folder, folder + "-away"),
}
for name in names:
    attempts[f"read {name}"] = lambda name=name: read(os.path.join(folder, name))
    attempts[f"write {name}"] = lambda name=name: write(os.path.join(folder, name))
for pid in pids:
    for name in ("environ", "mem", "maps", "fd/0"):
        attempts[f"{name} of {pid}"] = lambda pid=pid, name=name: read(f"/proc/{pid}/{name}")
    attempts[f"descriptors of {pid}"] = lambda pid=pid: os.listdir(f"/proc/{pid}/fd")
    attempts[f"signal {pid}"] = lambda pid=pid: os.kill(int(pid), 0)

report = {}
for name, attempt in attempts.items():
    try:
        attempt()
        report[name] = "ok"
    except OSError as error:
        report[name] = errno.errorcode.get(error.errno or 0, repr(error))
print(json.dumps(report))
