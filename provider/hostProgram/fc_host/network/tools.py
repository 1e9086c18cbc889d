"""Runs the host's `ip` and `nft`: bounded, with argument lists and standard input only."""

from __future__ import annotations

import os
import subprocess
import threading
from typing import Callable, TypeVar

from task_server.netns import enter_netns, require_netns
from task_server.refusal import Refusal

T = TypeVar("T")

# Each answers in milliseconds; a host with thousands of rules, or under a heavy load, may take long.
TOOL_SECONDS = 30.0

_PACKAGES = {"ip": "iproute2", "nft": "nftables"}

# A shell that is no login shell may not have the administrator's folders.
_FOLDERS = ("/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/local/sbin", "/usr/local/bin")


class ToolError(Refusal):
    """A tool did not do what was asked of it."""


def require_tools() -> None:
    """Names the packages of all tools that are missing, at once."""
    missing = [_PACKAGES[tool] for tool in _PACKAGES if find_tool(tool) is None]
    if missing:
        raise Refusal(
            "tool_missing",
            f"there is no {' and no '.join(tool for tool, name in _PACKAGES.items() if name in missing)} there",
            f"Install it there: apt-get install {' '.join(missing)} (Debian's and Ubuntu's names).",
        )
    if not os.path.exists("/dev/net/tun"):
        raise Refusal(
            "tun_missing", "there is no /dev/net/tun, which makes TAP devices", "Load its module there: modprobe tun."
        )


def find_tool(tool: str) -> str | None:
    for folder in _FOLDERS:
        path = f"{folder}/{tool}"
        if os.access(path, os.X_OK):
            return path
    return None


def run_tool(tool: str, *arguments: str, stdin: str = "") -> str:
    """Runs a tool to its end and returns what it printed. It runs in the network namespace of the calling thread."""
    code, output, complaint = try_tool(tool, *arguments, stdin=stdin)
    if code != 0:
        # With -batch, `ip` goes on to name the line; the first line says what is wrong.
        reason = complaint.strip().split("\n")[0] or f"exit code {code}"
        raise ToolError("tool_failed", f"{' '.join((tool, *arguments))}: {reason}")
    return output


def try_tool(tool: str, *arguments: str, stdin: str = "") -> tuple[int, str, str]:
    path = find_tool(tool)
    if path is None:
        package = _PACKAGES.get(tool, tool)
        raise Refusal("tool_missing", f"there is no {tool} there", f"Install it there: apt-get install {package}.")
    try:
        ended = subprocess.run(
            [path, *arguments],
            input=stdin,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=TOOL_SECONDS,
            env={"PATH": ":".join(_FOLDERS), "LC_ALL": "C"},
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise ToolError("tool_failed", f"{tool} did not end within {TOOL_SECONDS:.0f} s") from None
    return ended.returncode, ended.stdout, ended.stderr


def run_batch(commands: list[str]) -> None:
    """Runs lines of `ip` in one process, up to the first that fails."""
    if commands:
        run_tool("ip", "-batch", "-", stdin="\n".join(commands) + "\n")


def run_inside(netns: str | None, work: Callable[[], T]) -> T:
    """Does work inside a namespace, or here where there is none to enter.

    In a thread of its own: a namespace is entered by a thread, what it starts is inside too, and /proc/sys/net shows
    each thread the settings of its own namespace.
    """
    if netns is None:
        return work()
    require_netns(netns)
    answer: list[T] = []
    failure: list[BaseException] = []

    def enter_and_work() -> None:
        try:
            enter_netns(netns)
            answer.append(work())
        except BaseException as error:
            failure.append(error)

    thread = threading.Thread(target=enter_and_work)
    thread.start()
    thread.join()
    if failure:
        raise failure[0]
    return answer[0]
