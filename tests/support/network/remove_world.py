"""Removes all namespaces whose names begin with a prefix, what runs in them, and what networks remember of them.

It waits for the end of its standard input: the test closes the pipe, or its process dies, in whatever way.

    remove_world.py PREFIX STATE_ROOT
"""

import json
import os
import shutil
import signal
import subprocess
import sys

for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, signal.SIG_IGN)
sys.stdin.read()

NAMED = "/run/netns"


def list_names():
    return os.listdir(NAMED) if os.path.isdir(NAMED) else []


def remove_namespaces(names):
    for name in names:
        pids = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True, check=False).stdout
        for pid in pids.split():
            try:
                os.kill(int(pid), signal.SIGKILL)
            except ProcessLookupError:
                pass
    for name in names:
        subprocess.run(["ip", "netns", "delete", name], stderr=subprocess.DEVNULL, check=False)


def read_record(path):
    try:
        with open(os.path.join(path, "record.json"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        return {}


prefix, root = sys.argv[1:]
ours = [name for name in list_names() if name.startswith(prefix)]
inodes = {os.stat(f"{NAMED}/{name}").st_ino for name in ours}
networks = os.path.join(root, "networks")
for entry in os.listdir(networks) if os.path.isdir(networks) else []:
    path = os.path.join(networks, entry)
    if entry.startswith("forwarding-"):
        if int(entry.split("-")[1].split(".")[0]) in inodes:
            os.unlink(path)
        continue
    record = read_record(path)
    if record.get("hostNamespace") not in inodes:
        continue
    # A network that a stack of the test made may have any name.
    name = record.get("netns")
    if name in list_names() and os.stat(f"{NAMED}/{name}").st_ino == record.get("netnsInode") and name not in ours:
        ours.append(name)
    shutil.rmtree(path, ignore_errors=True)
remove_namespaces(ours)
for path in (networks, root):
    try:
        os.rmdir(path)
    except OSError:
        pass
