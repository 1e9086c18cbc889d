import os
import stat
import tempfile
import threading
import unittest
from unittest import mock

from task_server import state_folder
from task_server.refusal import Refusal
from task_server.state_folder import locked_folder, make_private, server_folder, write_atomically


class Folders(unittest.TestCase):
    def setUp(self):
        root = tempfile.TemporaryDirectory()
        self.addCleanup(root.cleanup)
        self.root = root.name
        self.path = os.path.join(root.name, "state", "server")

    def test_new(self):
        """counts a folder as new as long as nothing is in it, whoever has made it"""
        make_private(self.path)
        with locked_folder(self.path, create=True) as is_new:
            self.assertIs(is_new, True)
            write_atomically(os.path.join(self.path, "server.json"), b"{}")
        with locked_folder(self.path, create=True) as is_new:
            self.assertIs(is_new, False)

    def test_missing(self):
        """makes no folder for a command that only looks"""
        with locked_folder(self.path, create=False) as is_new:
            self.assertIsNone(is_new)
        self.assertFalse(os.path.exists(self.path))

    def test_one_at_a_time(self):
        """lets one command in at a time, and shows the next one what the first has made"""
        entered, seen = threading.Event(), []

        def second():
            entered.set()
            with locked_folder(self.path, create=True) as is_new:
                seen.append((is_new, os.listdir(self.path)))

        other = threading.Thread(target=second)
        with locked_folder(self.path, create=True):
            other.start()
            entered.wait(5)
            write_atomically(os.path.join(self.path, "server.json"), b"{}")
            self.assertEqual(seen, [])
        other.join(5)
        self.assertEqual(seen, [(False, ["server.json"])])

    def test_removed_while_waited_for(self):
        """makes the folder anew when the one that it waited for was removed"""
        entered, seen = threading.Event(), []

        def second():
            entered.set()
            with locked_folder(self.path, create=True) as is_new:
                seen.append((is_new, os.path.isdir(self.path)))

        other = threading.Thread(target=second)
        with locked_folder(self.path, create=True):
            other.start()
            entered.wait(5)
            state_folder.remove_folder(self.path)
        other.join(5)
        self.assertEqual(seen, [(True, True)])

    def test_busy(self):
        """says that another command is under way when that takes too long"""
        with locked_folder(self.path, create=True), mock.patch.object(state_folder, "LOCK_SECONDS", 0.05):
            with self.assertRaises(Refusal) as caught, locked_folder(self.path, create=True):
                pass
            self.assertEqual(caught.exception.code, "busy")

    def test_prepared_by_others(self):
        """uses no folder that is a link, and takes others' rights from one that is its own"""
        os.makedirs(os.path.dirname(self.path))
        os.symlink(tempfile.gettempdir(), self.path)
        with self.assertRaises(Refusal), locked_folder(self.path, create=True):
            pass
        os.unlink(self.path)
        os.mkdir(self.path, 0o777)
        os.chmod(self.path, 0o777)
        make_private(self.path)
        self.assertEqual(stat.S_IMODE(os.stat(self.path).st_mode), 0o700)

    def test_write(self):
        """writes a file whole, for its owner only, and leaves the old one where it cannot"""
        make_private(self.path)
        target = os.path.join(self.path, "file")
        write_atomically(target, b"old")
        with mock.patch.object(os, "fsync", side_effect=OSError(28, "full")), self.assertRaises(OSError):
            write_atomically(target, b"new")
        with open(target, "rb") as file:
            self.assertEqual(file.read(), b"old")
        self.assertEqual(os.listdir(self.path), ["file"])
        self.assertEqual(stat.S_IMODE(os.stat(target).st_mode), 0o600)

    def test_names(self):
        """takes no folder's name that leads elsewhere"""
        for name in ("", ".", "..", "a/b", "../x", "/etc", "-x", "a\0b", "a\n", "x" * 129, None, 7):
            with self.subTest(name), self.assertRaises(Refusal):
                server_folder(name)
        self.assertTrue(server_folder("ns-a:b@c,172.16.0.1,8080").endswith("/ns-a:b@c,172.16.0.1,8080"))
