"""Plays the internet inside a namespace: servers that echo, on all ports and addresses that are asked for, and DNS.

    internet.py NAMESPACE

Reads a JSON line {"addresses": […], "ports": […], "dns": ADDRESS} first and then lines {"name": …, "addresses": […],
"seconds": …}, or {"name": …, "code": …}; confirms each with a line {"done": true}. Tells each datagram and connection
that arrives as {"protocol", "from", "to", "port"}. Ends with its standard input.
"""

import asyncio
import ctypes
import json
import socket
import struct
import sys

CLONE_NEWNET = 0x40000000

answers: dict = {}


def tell(**facts):
    print(json.dumps(facts), flush=True)


def enter(namespace):
    libc = ctypes.CDLL(None, use_errno=True)
    with open(f"/run/netns/{namespace}", encoding="ascii") as handle:
        if libc.setns(handle.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"setns {namespace}")


def answer_question(query):
    identifier = query[:2]
    at, labels = 12, []
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode())
        at += 1 + query[at]
    question = query[12 : at + 5]
    known = answers.get(".".join(labels).lower())
    code = 3 if known is None else known.get("code", 0)
    addresses = [] if code else known["addresses"]
    records = b"".join(
        b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, known["seconds"], 4) + socket.inet_aton(address)
        for address in addresses
    )
    flags = 0x8180 | code
    whole = identifier + struct.pack("!HHHHH", flags, 1, len(addresses), 0, 0) + question + records
    cut = identifier + struct.pack("!HHHHH", flags | 0x0200, 1, 0, 0, 0) + question
    return whole, cut


class Datagrams(asyncio.DatagramProtocol):
    def __init__(self, address, port, is_dns):
        self.address, self.port, self.is_dns = address, port, is_dns

    def connection_made(self, transport):
        self.transport = transport

    def datagram_received(self, data, peer):
        tell(protocol="udp", **{"from": peer[0]}, to=self.address, port=self.port)
        if self.is_dns:
            whole, cut = answer_question(data)
            data = whole if len(whole) <= 512 else cut
        self.transport.sendto(data, peer)


async def serve_stream(address, port, is_dns):
    async def serve(reader, writer):
        tell(protocol="tcp", **{"from": writer.get_extra_info("peername")[0]}, to=address, port=port)
        try:
            while data := await reader.read(65536):
                if is_dns:
                    whole, _ = answer_question(data[2:])
                    data = struct.pack("!H", len(whole)) + whole
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        writer.close()

    await asyncio.start_server(serve, address, port)


async def main():
    enter(sys.argv[1])
    plan = json.loads(sys.stdin.readline())
    loop = asyncio.get_running_loop()
    for address in plan["addresses"]:
        for port in plan["ports"]:
            is_dns = address == plan["dns"] and port == 53
            await loop.create_datagram_endpoint(lambda a=address, p=port, d=is_dns: Datagrams(a, p, d), (address, port))
            await serve_stream(address, port, is_dns)
    tell(done=True)
    while line := await loop.run_in_executor(None, sys.stdin.readline):
        entry = json.loads(line)
        answers[entry["name"]] = entry
        tell(done=True)


asyncio.run(main())
