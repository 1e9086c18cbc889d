"""Passes connections to 127.0.0.1:PORT on to the same address inside a network namespace.

    port_relay.py NAMESPACE PORT

Prints a line when it listens, and ends with its standard input.
"""

import asyncio
import ctypes
import os
import socket
import sys

CLONE_NEWNET = 0x40000000


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()
    except OSError:
        writer.close()


async def main() -> None:
    namespace, port = sys.argv[1], int(sys.argv[2])
    outside = socket.create_server(("127.0.0.1", port), backlog=128)
    # A socket stays in the namespace that it was made in: this one outside, those made from here on inside.
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", encoding="ascii") as handle:
        if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            inner_reader, inner_writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            writer.close()
            return
        await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
        inner_writer.close()
        writer.close()

    await asyncio.start_server(serve, sock=outside)
    print("ready", flush=True)
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(0, lambda: ended.set() if os.read(0, 1) == b"" else None)
    await ended.wait()


asyncio.run(main())
