import asyncio
import socket
import struct
import tempfile
import threading
import unittest

from task_server import fault
from task_server.database import open_database
from task_server.guest_connection import GuestConnection
from task_server.guest_polls import GuestPolls, Poll
from task_server.guest_reports import GuestReports
from task_server.guest_results import GuestResults
from task_server.guest_side import GuestSide
from task_server.peers import PeerCheck
from task_server.result_files import ResultFiles
from task_server.secrets_held import Secrets
from task_server.sent_marks import SentMarks
from task_server.task_queue import cancel, require_task, submit
from task_server.writer import Writer

# Less than a request is held: a guest that is served only when it asks again fails the test.
SOON = 5
ASK = b"GET /task HTTP/1.1\r\nHost: h\r\n\r\n"


class Serving(unittest.IsolatedAsyncioTestCase):
    """The guest side in this process, on a real socket, so that a test can stand between two of its steps."""

    async def asyncSetUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.loop = asyncio.get_running_loop()
        self.loop.slow_callback_duration = 60
        self.before_wake = lambda changed: None
        self.writer = Writer(open_database(folder.name), self.loop, self.on_committed, lambda: True)
        self.addCleanup(self.writer.close)
        files, secrets = ResultFiles(folder.name), Secrets("sk-ant-x", [])
        self.guests = GuestSide(
            self.writer,
            SentMarks(folder.name),
            secrets,
            PeerCheck("127.0.0.1"),
            {}.get,
            GuestResults(self.writer, files, secrets, 1024),
            GuestReports(self.writer, files, secrets, lambda task_id: None),
        )
        self.server = await self.loop.create_server(lambda: GuestConnection(self.guests), "127.0.0.1", 0)
        self.address = self.server.sockets[0].getsockname()
        self.addCleanup(setattr, fault, "point", fault.point)

    async def asyncTearDown(self):
        self.server.close()
        await self.guests.close()

    def on_committed(self, changed, newly_queued):
        self.before_wake(changed)
        self.guests.wake(newly_queued)

    async def ask(self):
        """A guest that asks for a task; its request has arrived when this returns."""
        client = socket.create_connection(self.address)
        self.addCleanup(client.close)
        client.setblocking(False)
        before = self.guests.connection_count
        await self.loop.sock_sendall(client, ASK)
        await self.until(lambda: self.guests.connection_count > before)
        return client

    async def until(self, holds):
        async def look():
            while not holds():
                await asyncio.sleep(0)

        await asyncio.wait_for(look(), SOON)

    async def held(self, count):
        await self.until(lambda: len(self.guests._polls) == count)

    def hold_writer(self):
        """The database does nothing until the event is set."""
        gate = threading.Event()
        self.addCleanup(gate.set)
        self.writer.run(lambda _transaction: gate.wait(SOON))
        return gate

    def queue(self, task_id):
        task = {"id": task_id, "owner": task_id, "fields": {"prompt": "p"}, "maxAttempts": 1}
        return self.writer.run(lambda transaction: submit(transaction, task))

    async def row(self, task_id):
        return await self.writer.run(lambda transaction: require_task(transaction, task_id))

    async def answer_of(self, client):
        return await asyncio.wait_for(self.loop.sock_recv(client, 65536), SOON)

    async def test_task_queued_while_guest_asks(self):
        """serves a guest whose task is queued between its asking and its waiting"""
        gate = self.hold_writer()
        client = await self.ask()
        await self.until(lambda: self.guests._serving)
        queued = self.queue("t1")
        gate.set()
        await queued
        self.assertIn(b'"id":"t1"', await self.answer_of(client))

    async def test_task_queued_while_another_is_withdrawn(self):
        """serves a guest whose task is queued while it was picked for one that has been withdrawn"""
        client = await self.ask()
        await self.held(1)
        gates = []

        def withdraw(changed):
            if changed == ["t1"] and not gates:
                gates.append(self.hold_writer())
                self.writer.run(lambda transaction: cancel(transaction, "t1"))

        self.before_wake = withdraw
        await self.queue("t1")
        await self.until(lambda: self.guests._serving)
        queued = self.queue("t2")
        gates[0].set()
        await queued
        self.assertIn(b'"id":"t2"', await self.answer_of(client))

    async def test_connection_that_breaks_before_the_response(self):
        """takes a task back when the connection breaks in the moment of the response"""
        client = await self.ask()
        await self.held(1)
        self.reset_at_claim(client)
        await self.queue("t1")
        await self.until(lambda: self.guests.connection_count == 0 and not self.guests._serving)
        row = await self.row("t1")
        self.assertEqual((row["state"], row["attempts"], row["delivered"]), ("queued", 0, 0))

    async def test_older_request_after_a_newer_one_broke(self):
        """serves the older request of a guest when its newer one broke"""
        older = await self.ask()
        await self.held(1)
        newer = await self.ask()
        await self.held(2)
        self.reset_at_claim(newer)
        await self.queue("t1")
        self.assertIn(b'"id":"t1"', await self.answer_of(older))
        self.assertEqual((await self.row("t1"))["attempts"], 1)

    def reset_at_claim(self, client):
        def reset(name):
            if name == "claimed" and client.fileno() >= 0:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                client.close()

        fault.point = reset


class Polls(unittest.IsolatedAsyncioTestCase):
    async def test_newest_first(self):
        """picks the newest request of a guest, also after one was put back"""
        polls = GuestPolls()
        first, second, third = (Poll("g") for _ in range(3))
        polls.add(first)
        polls.add(second)
        self.assertIs(polls.pick(lambda _: True), second)
        polls.add(third)
        polls.put_back(second)
        self.assertEqual([polls.pick(lambda _: True) for _ in range(4)], [third, second, first, None])

    async def test_guests_take_turns(self):
        """lets guests take turns"""
        polls = GuestPolls()
        for guest in ("a", "b", "a"):
            polls.add(Poll(guest))
        self.assertEqual(polls.pick(lambda guest: guest != "a").guest, "b")
        self.assertEqual(len(polls), 2)

    async def test_expired_while_picked(self):
        """answers a request whose time ended while a task was looked for"""
        polls = GuestPolls()
        poll = Poll("g")
        polls.add(poll)
        polls.pick(lambda _: True)
        poll.expire()
        self.assertFalse(poll.answer.done())
        polls.put_back(poll)
        self.assertIsNone(poll.answer.result())
        self.assertEqual(len(polls), 0)
