import os
import signal
import subprocess
import sys
import time
import unittest

from task_server.process_identity import ProcessIdentity, end_process, read_boot_id, read_start_time

STUBBORN = "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); signal.pause()"


class Identity(unittest.TestCase):
    def start(self, program="import signal; print(1, flush=True); signal.pause()"):
        child = subprocess.Popen([sys.executable, "-IS", "-c", program], stdout=subprocess.PIPE)
        self.addCleanup(child.stdout.close)
        self.addCleanup(child.wait)
        self.addCleanup(child.kill)
        child.stdout.readline()
        return child, ProcessIdentity(child.pid, read_start_time(child.pid), read_boot_id())

    def test_alive(self):
        """is alive only where pid, start time and boot id all match"""
        _, identity = self.start()
        self.assertTrue(identity.is_alive())
        self.assertFalse(identity._replace(start_time=identity.start_time + 1).is_alive())
        self.assertFalse(identity._replace(boot_id="another").is_alive())

    def test_others_are_never_signalled(self):
        """signals no process that has only the pid"""
        child, identity = self.start()
        for other in (identity._replace(start_time=1), identity._replace(boot_id="another")):
            self.assertTrue(end_process(other, 0.2, 0.2))
        self.assertIsNone(child.poll())

    def test_end(self):
        """ends a process by SIGTERM"""
        child, identity = self.start()
        self.assertTrue(end_process(identity, 5, 5))
        self.assertEqual(child.wait(), -signal.SIGTERM)

    def test_end_of_a_stubborn_process(self):
        """ends a process that ignores SIGTERM by SIGKILL, once the grace is over"""
        child, identity = self.start(STUBBORN)
        began = time.monotonic()
        self.assertTrue(end_process(identity, 0.2, 5))
        self.assertGreaterEqual(time.monotonic() - began, 0.2)
        self.assertEqual(child.wait(), -signal.SIGKILL)

    def test_stopped_process(self):
        """ends a process that is stopped"""
        child, identity = self.start()
        os.kill(child.pid, signal.SIGSTOP)
        os.waitid(os.P_PID, child.pid, os.WSTOPPED | os.WNOWAIT)
        self.assertTrue(end_process(identity, 0.1, 5))
        self.assertEqual(child.wait(), -signal.SIGKILL)

    def test_zombie(self):
        """counts a process that only its parent has still to be told of as gone"""
        child, identity = self.start("print(1, flush=True)")
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        self.assertFalse(identity.is_alive())
        self.assertTrue(end_process(identity, 0, 0))

    def test_strange_name(self):
        """reads the start time of a process whose name has blanks and parentheses"""
        name = "import ctypes, signal; ctypes.CDLL(None).prctl(15, b') S 1 (a'); print(1, flush=True); signal.pause()"
        child, identity = self.start(name)
        with open(f"/proc/{child.pid}/stat", "rb") as file:
            self.assertIn(b"() S 1 (a)", file.read())
        self.assertGreater(identity.start_time, 0)

    def test_sidecar(self):
        """takes no sidecar that was cut off or tampered with"""
        good = ProcessIdentity.of_self().to_json()
        self.assertEqual(ProcessIdentity.from_json(good), ProcessIdentity.of_self())
        for bad in (None, [], {}, {**good, "pid": 1}, {**good, "pid": -5}, {**good, "pid": "7"}, {**good, "pid": True}):
            self.assertIsNone(ProcessIdentity.from_json(bad), bad)
        for key in good:
            self.assertIsNone(ProcessIdentity.from_json({k: v for k, v in good.items() if k != key}))
