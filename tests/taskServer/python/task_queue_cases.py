import os
import sqlite3
import tempfile
import time
import unittest
from unittest import mock

from task_server import task_queue, task_results
from task_server.database import open_database
from task_server.http_error import HttpError
from task_server.refusal import Refusal
from task_server.result_files import ResultFiles
from task_server.task_queue import Delivery, NoDelivery
from task_server.task_record import describe_task
from task_server.task_results import ReceivedResult
from task_server.writer import Transaction

HOUR = 3600.0


class Queue(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.connection = open_database(folder.name)
        self.addCleanup(self.connection.close)
        self.files = ResultFiles(folder.name)

    def run_one(self, operation, *values, **named):
        transaction = Transaction(self.connection)
        answer = operation(transaction, *values, **named)
        transaction.run_after_commit()
        return answer

    def submit(self, task_id, owner=None, max_attempts=1, has_env=False):
        fields = {"prompt": "p"}
        task = {"id": task_id, "owner": owner or task_id, "fields": fields, "maxAttempts": max_attempts}
        task["hasEnv"] = has_env
        return self.run_one(task_queue.submit, task)

    def claim(self, guest="g", is_asking=True, may_have_arrived=lambda _: False, has_env=lambda _: False):
        return self.run_one(task_queue.claim, guest, is_asking, may_have_arrived, has_env)

    def take(self, guest="g"):
        delivery = self.claim(guest)
        self.run_one(task_queue.confirm_delivery, delivery.task_id)
        return delivery.task_id

    def finish(self, task_id, guest="g", in_file=False):
        path = None
        if in_file:
            path = self.files.new_incoming()
            with open(path, "wb") as file:
                file.write(b"r")
        result = ReceivedResult(None if in_file else b"r", path, 1, "s", "s", False, 0)
        return self.run_one(task_results.finish_with_result, guest, task_id, result, self.files)

    def age(self, hours, retention_hours):
        return self.run_one(
            task_queue.age_and_purge,
            elapsed_seconds=hours * HOUR,
            retention_seconds=retention_hours * HOUR,
            files=self.files,
        )

    def states(self):
        return {row["id"]: row["state"] for row in self.connection.execute("SELECT id, state FROM tasks")}

    def record(self, task_id):
        return describe_task(self.run_one(task_queue.require_task, task_id))

    def test_retention(self):
        """removes finished tasks once the server has been up for longer than they are kept"""
        for task_id in ("done", "in-file", "claimed", "queued"):
            self.submit(task_id)
        for guest, in_file in (("a", False), ("b", True)):
            self.finish(self.take(guest), guest, in_file)
        self.take("c")
        self.assertEqual(self.age(2, 3), 0)
        self.assertEqual(os.listdir(self.files.results), ["in-file"])
        self.assertEqual(self.age(2, 3), 2)
        self.assertEqual(self.states(), {"claimed": "claimed", "queued": "queued"})
        self.assertEqual(os.listdir(self.files.results), [])
        self.assertEqual(self.connection.execute("SELECT count(*) FROM results").fetchone()[0], 0)

    def test_retention_and_clock(self):
        """removes nothing because the clock was set"""
        self.submit("t")
        self.finish(self.take())
        for moved in (10 * 365 * 24 * HOUR, -24 * HOUR):
            with mock.patch.object(time, "time", lambda moved=moved: 1.8e9 + moved):
                self.assertEqual(self.age(0.1, 1), 0)
        self.assertEqual(self.states(), {"t": "done"})

    def test_duration(self):
        """measures a task's duration by a clock that cannot be set, and by the wall clock over a reboot"""
        self.submit("t")
        self.take()
        with mock.patch.object(time, "time", lambda: 4e9):
            self.finish("t")
        self.assertLess(self.record("t")["durationMs"], 5000)
        self.submit("u")
        self.take()
        claimed = self.run_one(task_queue.require_task, "u")["claimed_at"]
        with (
            mock.patch.object(task_queue, "read_boot_id", lambda: "another boot"),
            mock.patch.object(time, "time", lambda: claimed + 7),
        ):
            self.finish("u")
        self.assertEqual(self.record("u")["durationMs"], 7000)

    def test_front_of_the_queue(self):
        """puts tasks that were not delivered back in front, the last one first"""
        for task_id in ("a", "b", "c"):
            self.submit(task_id)
        taken = [self.claim(guest).task_id for guest in ("g", "h")]
        for task_id in taken:
            self.run_one(task_queue.return_to_queue, task_id)
        self.assertEqual([self.claim(guest).task_id for guest in "xyz"], ["b", "a", "c"])

    def test_return_after_delivery(self):
        """does not put a task back that was delivered, or is finished"""
        self.submit("t")
        self.take()
        self.run_one(task_queue.return_to_queue, "t")
        self.assertEqual(self.states(), {"t": "claimed"})
        self.finish("t")
        self.run_one(task_queue.return_to_queue, "t")
        self.assertEqual(self.states(), {"t": "done"})

    def test_undelivered_claim(self):
        """hands out a task again whose delivery a crash left open, and counts it once"""
        self.submit("t")
        self.claim()
        again = self.claim()
        self.assertIsInstance(again, Delivery)
        self.assertEqual(self.record("t")["attempts"], 1)

    def test_held_request(self):
        """takes a request that was held already for no sign that the guest lost its task"""
        self.submit("t")
        self.take()
        self.assertIs(self.claim(is_asking=False), NoDelivery.HAS_TASK)
        self.assertEqual(self.states(), {"t": "claimed"})

    def test_fields_go_with_the_end(self):
        """keeps prompt and options no longer than the task needs them"""
        self.submit("t")
        self.finish(self.take())
        self.assertEqual(self.run_one(task_queue.require_task, "t")["fields"], "{}")

    def test_bad_tasks(self):
        """refuses tasks without id, owner, fields or attempts, and text that no JSON reader would take"""
        good = {"id": "t", "owner": "o", "fields": {}, "maxAttempts": 1}
        for change in (
            {"id": "../x"},
            {"id": ""},
            {"id": "x" * 129},
            {"id": 7},
            {"owner": ""},
            {"owner": None},
            {"owner": "\ud800"},
            {"fields": "p"},
            {"fields": {"prompt": "\udfff"}},
            {"maxAttempts": 0},
            {"maxAttempts": 11},
            {"maxAttempts": True},
        ):
            with self.subTest(change), self.assertRaises(Refusal) as caught:
                self.run_one(task_queue.submit, {**good, **change})
            self.assertEqual(caught.exception.code, "bad_request")
        self.assertEqual(self.states(), {})

    def test_full_queue(self):
        """refuses more than it can hold, and goes on when there is room again"""
        with mock.patch.object(task_queue, "MAX_QUEUED", 2):
            self.submit("a")
            self.submit("b")
            with self.assertRaises(Refusal) as caught:
                self.submit("c")
            self.assertEqual(caught.exception.code, "queue_full")
            self.submit("a")
            self.take()
            self.submit("c")

    def test_result_file_of_a_commit_that_is_tried_again(self):
        """finds the file of a result that a rolled-back commit had put in its place"""
        self.submit("t")
        self.take()
        path = self.files.new_incoming()
        with open(path, "wb") as file:
            file.write(b"r")
        self.files.keep(path, "t")
        self.files.keep(path, "t")
        with self.assertRaises(FileNotFoundError):
            self.files.keep(path, "other")

    def test_env(self):
        """leaves a task queued as long as its variables are not known, and serves others meanwhile"""
        self.submit("secret", has_env=True)
        self.submit("plain")
        self.assertEqual(self.claim("g1").task_id, "plain")
        self.assertEqual(self.claim("g2"), task_queue.NoDelivery.QUEUE_EMPTY)
        self.assertEqual(self.claim("g2", has_env=lambda task_id: task_id == "secret").task_id, "secret")

    def test_clean(self):
        """removes what a crash has left of results, and nothing else"""
        for task_id in ("stored", "never-committed"):
            self.submit(task_id)
        self.finish(self.take("a"), "a", in_file=True)
        for path in (self.files.path_of("never-committed"), self.files.path_of("gone"), self.files.new_incoming()):
            with open(path, "wb"):
                pass
        self.files.clean(self.connection)
        self.assertEqual(os.listdir(self.files.results), ["stored"])
        self.assertEqual(os.listdir(self.files.incoming), [])

    def test_posts(self):
        """lets a guest post for its own tasks only"""
        self.submit("t")
        with self.assertRaises(HttpError) as caught:
            self.finish("t", "g")
        self.assertEqual(caught.exception.status, 403)
        self.take("g")
        for guest, task_id, status in (("h", "t", 403), ("h", None, 404), ("g", "x", 404), ("g", "a/b", 404)):
            with self.subTest((guest, task_id)), self.assertRaises(HttpError) as caught:
                self.finish(task_id, guest)
            self.assertEqual(caught.exception.status, status)
        self.assertTrue(self.finish(None, "g"))
        self.assertFalse(self.finish(None, "g"))
        self.assertIsInstance(self.connection, sqlite3.Connection)
