# Runs on the host as `python3 -c TEXT MODULE`: reads a program from standard input, keeps it in memory and hands over
# to its module that is named. Older Pythons must be able to read it, since it is what tells them that they are too old.
import importlib
import os
import sys

if sys.version_info < (3, 9):  # noqa: UP036  the check itself
    found = ".".join(map(str, sys.version_info[:2]))
    message = "python3 there is " + found + ", and 3.9 or newer is needed"
    sys.stdout.write('{"ok": false, "error": {"code": "python_old", "message": "' + message + '"}}\n')
    sys.exit(0)

source = sys.stdin.buffer
archive = source.read(int(source.readline()))
memory = os.memfd_create("fc-agents")
with open(memory, "wb", closefd=False) as file:
    file.write(archive)
sys.path.insert(0, "/proc/self/fd/" + str(memory))

importlib.import_module(sys.argv[1]).run_loader(archive, source)
