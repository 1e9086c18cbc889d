"""Passes connections to an address inside a network namespace on to 127.0.0.1:PORT outside.

    relay_out.py NAMESPACE ADDRESS PORT OUTSIDE_PORT

Prints a line when it listens, and ends with its standard input.
"""

from __future__ import annotations

import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000


def enter(path: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    with open(path, encoding="ascii") as handle:
        if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {path}")


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def main() -> None:
    namespace, address, port, outside_port = sys.argv[1:5]
    # A socket stays in the namespace that it was made in: this one inside, those made from here on outside.
    outside = f"/proc/{os.getpid()}/fd/{os.open('/proc/self/ns/net', os.O_RDONLY)}"
    enter(f"/run/netns/{namespace}")
    inside = socket.create_server((address, int(port)))
    enter(outside)

    async def relay(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection("127.0.0.1", int(outside_port))
            await asyncio.gather(pump(reader, far_writer), pump(far_reader, writer))
            far_writer.close()
        except OSError:
            pass
        writer.close()

    await asyncio.start_server(relay, sock=inside)
    print('{"listens": true}', flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
