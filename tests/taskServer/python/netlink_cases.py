import socket
import unittest

from task_server import netlink
from task_server.netlink import InterfaceAddress, find_device, read_addresses, read_links


class Netlink(unittest.TestCase):
    def test_loopback(self):
        """finds the device that carries 127.0.0.1"""
        device = find_device("127.0.0.1")
        self.assertEqual((device.name, device.ifindex), ("lo", socket.if_nametoindex("lo")))
        self.assertEqual(device.address.prefix_length, 8)
        self.assertEqual(device.address.subnet, "127.0.0.0")

    def test_all_devices(self):
        """finds the same devices as the system does"""
        self.assertEqual(read_links(), dict(socket.if_nameindex()))

    def test_missing(self):
        """finds nothing for an address that no device has"""
        self.assertIsNone(find_device("203.0.113.254"))
        self.assertNotIn("203.0.113.254", [entry.address for entry in read_addresses()])

    def test_subnets(self):
        """tells which addresses are in a subnet"""
        for subnet, length, inside, outside in (
            ("172.16.0.0", 24, ["172.16.0.0", "172.16.0.255"], ["172.16.1.0", "172.15.255.255"]),
            ("172.16.0.4", 30, ["172.16.0.6"], ["172.16.0.8", "172.16.0.3"]),
            ("10.0.0.2", 32, ["10.0.0.2"], ["10.0.0.1", "10.0.0.3"]),
            ("128.0.0.0", 1, ["255.255.255.255"], ["127.255.255.255"]),
            ("0.0.0.0", 0, ["8.8.8.8"], []),
        ):
            address = InterfaceAddress("203.0.113.1", 1, length, subnet)
            self.assertTrue(all(map(address.covers, inside)), (subnet, length))
            self.assertFalse(any(map(address.covers, outside)), (subnet, length))

    def test_cut_messages(self):
        """reads no further than what came, however a message is cut or lies about its length"""
        whole = netlink._MESSAGE_HEADER.pack(24, netlink.RTM_NEWADDR, 0, 1, 0) + b"12345678"
        self.assertEqual(len(list(netlink._messages(whole + whole))), 2)
        for end in range(len(whole)):
            list(netlink._messages(whole[:end]))
        for length in (0, 1, 15):
            lying = netlink._MESSAGE_HEADER.pack(length, 20, 0, 1, 0)
            self.assertEqual(list(netlink._messages(lying * 2)), [])
        self.assertEqual(netlink._attributes(b"\x00\x00\x03\x00", 0), {})
        self.assertEqual(netlink._attributes(b"\x08\x00\x03\x00ab", 0), {3: b"ab"})
