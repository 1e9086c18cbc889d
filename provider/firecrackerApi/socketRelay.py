# Runs on the host as `python3 -c TEXT PATH`: connects its standard input and output to the Unix socket PATH, where sshd
# does not do that itself. The end of the input ends it at once: nobody waits for an answer any more then.
import errno
import os
import socket
import sys
import threading

CHUNK_BYTES = 65536

# What provider/firecrackerApi/openApiSocket.ts tells apart.
NO_SUCH_SOCKET = 66
NOBODY_LISTENS = 69


def connect(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        # A link there, in a folder that a jailed Firecracker writes to, must not lead to somebody else's socket.
        found = os.open(path, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC)
        connection.connect(f"/proc/self/fd/{found}")
    except OSError as error:
        if error.errno == errno.ENOENT:
            sys.exit(NO_SUCH_SOCKET)
        if error.errno == errno.ECONNREFUSED:
            sys.exit(NOBODY_LISTENS)
        sys.exit(f"{path}: {error.strerror}")
    return connection


def copy_answers(connection: socket.socket) -> None:
    try:
        while True:
            chunk = connection.recv(CHUNK_BYTES)
            if not chunk:
                break
            write_all(1, chunk)
    except OSError:
        pass  # Either side has gone; the other one sees the end of the stream.
    os._exit(0)


def write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def main() -> None:
    connection = connect(sys.argv[1])
    threading.Thread(target=copy_answers, args=(connection,), daemon=True).start()
    while True:
        chunk = os.read(0, CHUNK_BYTES)
        if not chunk:
            os._exit(0)
        try:
            connection.sendall(chunk)
        except OSError:
            pass  # The reader may still find an answer, and finds the end in any case.


main()
