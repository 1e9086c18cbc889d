"""The listening socket on the TAP address, and the watch over the device that carries it.

The socket is bound to the device, so that nothing that arrives through another one is heard. When the device or the
namespace is made anew, that socket is deaf although it looks healthy: it is made anew too.
"""

from __future__ import annotations

import asyncio
import errno
import os
import socket
from collections.abc import Callable

from .guest_connection import GuestConnection
from .log import log
from .netlink import find_device
from .netns import enter_netns, named_inode, own_inode
from .peers import PeerCheck
from .port_owner import describe_port_owner
from .refusal import Refusal

BACKLOG = 512
WATCH_SECONDS = 1.0
# The worker before this one may have ended a moment ago.
BIND_TRIES = 20
BIND_PAUSE_SECONDS = 0.02


class Listener:
    def __init__(
        self,
        tap_ip: str,
        tap_port: int,
        netns: str | None,
        peers: PeerCheck,
        make_connection: Callable[[], GuestConnection],
        drop_connections: Callable[[], None],
    ) -> None:
        self._address = (tap_ip, tap_port)
        self._netns = netns
        self._peers = peers
        self._make_connection = make_connection
        self._drop_connections = drop_connections
        self._server: asyncio.Server | None = None
        # What the socket is bound to; when one of them is another, it is deaf. The index is 0 on loopback.
        self._bound_to: tuple[int, int] | None = None
        self._bound_once = False
        self._device = ""
        self.error: str | None = None
        self.rebinds = 0

    @property
    def is_listening(self) -> bool:
        return self._server is not None

    async def bind(self) -> None:
        """Binds to what is there now. Refuses with the reason."""
        where = self._look()
        if self._netns is not None and where[0] != own_inode():
            enter_netns(self._netns)
            where = self._look()
        self._peers.refresh()
        listening = await self._open_socket()
        self._server = await asyncio.get_running_loop().create_server(
            self._make_connection, sock=listening, backlog=BACKLOG
        )
        self._bound_to = where
        self._bound_once = True
        self.error = None

    async def watch(self) -> None:
        """Looks after the socket for good: every second is often enough, guests poll for longer than that."""
        while True:
            await asyncio.sleep(WATCH_SECONDS)
            await self.check()

    async def check(self) -> None:
        """Makes the socket anew when its device or its namespace is another one, or has come back."""
        try:
            where = self._look()
            self._peers.refresh()
            if self._server is not None and where == self._bound_to:
                return
            was_bound = self._bound_once
            self._unbind()
            await self.bind()
            if was_bound:
                self.rebinds += 1
                log("listening again: the device or the namespace had been made anew")
        except Refusal as refusal:
            self._fail(refusal.message)
        except OSError as error:
            self._fail(error.strerror or type(error).__name__)

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    def _fail(self, reason: str) -> None:
        self._unbind()
        if self.error != reason:
            log(f"not listening: {reason}")
        self.error = reason

    def _unbind(self) -> None:
        if self._server is None:
            return
        self.close()
        self._bound_to = None
        # They went through the device that is gone.
        self._drop_connections()

    def _look(self) -> tuple[int, int]:
        """Namespace and device that the socket belongs to now."""
        namespace = 0
        if self._netns is not None:
            inode = named_inode(self._netns)
            if inode is None:
                raise Refusal("netns_missing", f"there is no network namespace {self._netns} any more")
            namespace = inode
            if inode != own_inode():
                # The device is looked for once this thread is in there.
                return namespace, -1
        if self._address[0].startswith("127."):
            return namespace, 0
        device = find_device(self._address[0])
        if device is None:
            where = "" if self._netns is None else f" in the namespace {self._netns}"
            raise Refusal(
                "address_missing",
                f"no network device{where} has the address {self._address[0]}",
                "Make the TAP device with that address first, or correct `tapIp` and `netns`.",
            )
        self._device = device.name
        return namespace, device.ifindex

    async def _open_socket(self) -> socket.socket:
        for _ in range(BIND_TRIES):
            listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM | socket.SOCK_CLOEXEC | socket.SOCK_NONBLOCK)
            try:
                listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if not self._address[0].startswith("127."):
                    name = os.fsencode(self._device) + b"\0"
                    listening.setsockopt(socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name)
                listening.bind(self._address)
                listening.listen(BACKLOG)
                return listening
            except OSError as error:
                listening.close()
                if error.errno != errno.EADDRINUSE:
                    raise self._bind_refusal(error) from error
            await asyncio.sleep(BIND_PAUSE_SECONDS)
        owner = describe_port_owner(*self._address)
        raise Refusal(
            "port_taken",
            f"port {self._address[1]} of {self._address[0]} is taken by {owner}",
            "Stop that process, or choose another `tapPort`.",
        )

    def _bind_refusal(self, error: OSError) -> Refusal:
        reason = error.strerror or type(error).__name__
        hint = None
        if error.errno in (errno.EPERM, errno.EACCES):
            hint = "Binding to a network device needs root: log in as root, or set `sudo` in `connection`."
        return Refusal("bind", f"listening on {self._address[0]}:{self._address[1]} failed: {reason}", hint)
