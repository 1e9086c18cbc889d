"""`vm.wait_serial`: waits until a text stands in what a VM has printed since it was started."""

from __future__ import annotations

import time
from typing import Callable, cast

from task_server.refusal import Refusal

from .place import vm_folder, vm_name
from .serial_log import SerialReader, complete_part, read_tail, without_own_lines
from .vm_process import describe_end, read_vm_process, wait_for_keeper

Args = dict[str, object]

POLL_SECONDS = 0.02
# So much of what was read is looked at again with what follows: more than a line of Firecracker's log.
KEPT_BYTES = 16384


def run(args: Args, _report: Callable[[str], None]) -> Args:
    folder, text = vm_folder(args), str(args["text"])
    started = time.monotonic()
    seconds = float(cast("float", args["timeoutSeconds"]))
    reader = SerialReader(folder)
    try:
        if not _is_found(reader, folder, text.encode(), started + seconds):
            raise Refusal(
                "serial_timeout",
                f"the microVM {vm_name(args)} has not printed {text!r} within {seconds:g} s",
                "Raise `waitForSerial.timeoutSeconds`, or correct the text; its serial console has to be on "
                "(`console=ttyS0` among `bootSource.bootArgs`).",
                read_tail(folder),
            )
    finally:
        reader.close()
    return {"afterSeconds": time.monotonic() - started}


def _is_found(reader: SerialReader, folder: str, text: bytes, deadline: float) -> bool:
    seen = b""
    while True:
        # Looked at before the log is read: what an ended process has printed is in the log by then.
        has_ended = read_vm_process(folder) is None
        if has_ended:
            wait_for_keeper(folder)
        seen = without_own_lines(seen + reader.read_new())
        if text in complete_part(seen):
            return True
        # The text may have come in part.
        seen = seen[-max(KEPT_BYTES, len(text)) :]
        if has_ended:
            raise Refusal("vm_ended", f"the microVM has ended ({describe_end(folder)})", None, read_tail(folder))
        if time.monotonic() >= deadline:
            return False
        time.sleep(POLL_SECONDS)
