"""Who may speak on the guest side.

The token goes out there, so neither other users of the host nor machines that merely route to the address may
ask: a peer must be in the subnet of the device that carries the address, and be none of the host's own addresses
(a local process that connects to the address comes from one of them).
"""

from __future__ import annotations

from .netlink import InterfaceAddress, read_addresses

# Far more peers than a guest network holds; beyond it the check is made anew each time instead of growing.
MAX_KNOWN_PEERS = 1024


class PeerCheck:
    """Tells guests from everybody else. `refresh` reads the addresses anew; call it at each bind and regularly."""

    def __init__(self, tap_ip: str) -> None:
        self._tap_ip = tap_ip
        self._is_loopback = tap_ip.startswith("127.")
        self._own: frozenset[str] = frozenset()
        self._carriers: tuple[InterfaceAddress, ...] = ()
        # Guests come back with every request; the answer holds until the addresses change.
        self._known: dict[str, bool] = {}
        self.refresh()

    def refresh(self) -> None:
        """Reads the namespace's addresses. Where that fails, nobody may speak until it succeeds again."""
        if self._is_loopback:
            return
        try:
            addresses = read_addresses()
        except OSError:
            addresses = []
        own = frozenset(entry.address for entry in addresses)
        carriers = tuple(entry for entry in addresses if entry.address == self._tap_ip)
        if own != self._own or carriers != self._carriers:
            self._own = own
            self._carriers = carriers
            self._known.clear()

    def allows(self, peer_ip: str) -> bool:
        """True for a guest. With a loopback address (demo, tests) the guests are local processes."""
        if self._is_loopback:
            return peer_ip.startswith("127.")
        known = self._known.get(peer_ip)
        if known is None:
            known = self._judge(peer_ip)
            if len(self._known) < MAX_KNOWN_PEERS:
                self._known[peer_ip] = known
        return known

    def _judge(self, peer_ip: str) -> bool:
        return peer_ip not in self._own and any(carrier.covers(peer_ip) for carrier in self._carriers)
