import asyncio
import sqlite3
import tempfile
import threading
import unittest

from task_server.database import open_database
from task_server.refusal import Refusal
from task_server.task_queue import get_meta, set_meta
from task_server.writer import Writer


class Writing(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = f"{folder.name}/queue.db"
        self.connection = open_database(folder.name)
        self.is_in_place = True
        self.writer = Writer(
            self.connection, asyncio.get_running_loop(), lambda _changed, _queued: None, lambda: self.is_in_place
        )
        self.addCleanup(self.writer.close)

    def hold(self):
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.writer.run(lambda _transaction: gate.wait(5))
        return gate

    def put(self, key):
        return self.writer.run(lambda transaction: set_meta(transaction, key, "1"))

    def stored(self):
        """What another process would see."""
        with sqlite3.connect(self.path) as other:
            return {row[0] for row in other.execute("SELECT key FROM meta")}

    async def test_on_the_disk(self):
        """answers when the commit is done, not before"""
        await self.put("a")
        self.assertEqual(self.stored(), {"a"})

    async def test_refusal(self):
        """lets a refused operation keep nobody else from being stored"""

        def refuse(_transaction):
            raise Refusal("no", "no")

        gate = self.hold()
        first, refused, last = self.put("a"), self.writer.run(refuse), self.put("b")
        gate.set()
        await asyncio.gather(first, last)
        with self.assertRaises(Refusal) as caught:
            await refused
        self.assertEqual(caught.exception.code, "no")
        self.assertEqual(self.stored(), {"a", "b"})

    async def test_fault(self):
        """stores the others of a batch when one has a fault in the middle, and nothing of that one"""

        def fail(transaction):
            set_meta(transaction, "half", "1")
            raise OSError(28, "No space left on device")

        gate = self.hold()
        first, failed, last = self.put("a"), self.writer.run(fail), self.put("b")
        gate.set()
        await asyncio.gather(first, last)
        with self.assertRaises(Refusal) as caught:
            await failed
        self.assertEqual(caught.exception.code, "storage")
        self.assertEqual(self.stored(), {"a", "b"})

    async def test_group_commit(self):
        """stores what has gathered in one commit"""
        commits = []
        self.connection.set_trace_callback(lambda sql: commits.append(sql) if sql == "COMMIT" else None)
        gate = self.hold()
        waiting = [self.put(str(number)) for number in range(100)]
        gate.set()
        await asyncio.gather(*waiting)
        # The one that was held, and one for all the others.
        self.assertEqual(len(commits), 2)

    async def test_order(self):
        """carries operations out in their order"""
        gate = self.hold()
        put = self.put("a")
        seen = self.writer.run(lambda transaction: get_meta(transaction, "a"))
        gate.set()
        await put
        self.assertEqual(await seen, "1")

    async def test_removed_folder(self):
        """refuses to store where nobody would find it again"""
        self.is_in_place = False
        with self.assertRaises(Refusal):
            await self.put("a")
        self.assertEqual(self.stored(), set())
