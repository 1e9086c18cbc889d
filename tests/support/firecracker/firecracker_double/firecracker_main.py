"""The `firecracker` program."""

from __future__ import annotations

import json
import os
import sys

from . import VERSION
from .api_server import ApiServer, end_machine
from .command_line import Argument, Arguments, BadArguments, find_id_fault, parse_arguments
from .config_file import start_from_config
from .fault import Fault, describe_os_error
from .file_view import FileView, Jail
from .json_body import read_json
from .micro_vm import MicroVm
from .process_log import ProcessLog
from .request_log import RequestLog

# How the jailer's double tells this one, which it starts as root, what the kernel would enforce on the real one.
JAIL_VARIABLE = "FIRECRACKER_DOUBLE_JAIL"

EXIT_ERROR = 1
EXIT_BAD_CONFIGURATION = 152
EXIT_BAD_ARGUMENTS = 153
# Of a program in Rust that has panicked.
EXIT_PANIC = 134

_FLAG = Argument(takes_value=False)
_KNOWN = {
    "api-sock": Argument(default="/run/firecracker.socket"),
    "id": Argument(default="anonymous-instance"),
    "seccomp-filter": Argument(forbids="no-seccomp"),
    "no-seccomp": _FLAG,
    "start-time-us": Argument(),
    "start-time-cpu-us": Argument(),
    "parent-cpu-time-us": Argument(),
    "config-file": Argument(),
    "metadata": Argument(),
    "no-api": Argument(takes_value=False, requires="config-file"),
    "log-path": Argument(),
    "level": Argument(),
    "module": Argument(),
    "show-level": _FLAG,
    "show-log-origin": _FLAG,
    "metrics-path": Argument(),
    "boot-timer": _FLAG,
    "version": _FLAG,
    "snapshot-version": _FLAG,
    "describe-snapshot": Argument(),
    "http-api-max-payload-size": Argument(default="51200"),
    "mmds-size-limit": Argument(),
    "enable-pci": _FLAG,
}
_NUMBERS = ("start-time-us", "start-time-cpu-us", "parent-cpu-time-us", "http-api-max-payload-size", "mmds-size-limit")
_LEVELS = ("Off", "Error", "Warning", "Warn", "Info", "Debug", "Trace")


class _Exit(Exception):
    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


def main() -> int:
    try:
        return _run(sys.argv[1:])
    except _Exit as end:
        print(f"Error: {end}", file=sys.stderr)
        return end.code


def _run(given: list[str]) -> int:
    try:
        arguments = parse_arguments(_KNOWN, given)
    except BadArguments as error:
        raise _Exit(
            EXIT_BAD_ARGUMENTS, f"Arguments parsing error: {error} \n\nFor more information try --help."
        ) from None
    if arguments.has("help") or arguments.has("version"):
        print(f"Firecracker v{VERSION}\n")
        for name in _KNOWN if arguments.has("help") else ():
            print(f"  --{name}")
        return 0
    if arguments.has("snapshot-version"):
        print("v10.0.0")
        return 0
    vm, root = _make_vm(arguments)
    limit = int(arguments.get("http-api-max-payload-size"))
    if arguments.has("describe-snapshot"):
        with open(vm.view.open(arguments.get("describe-snapshot"), os.O_RDONLY), "rb") as file:
            print(f"v{json.loads(file.read())['version']}")
        return 0
    vm.log.info(f"Running Firecracker v{VERSION}")
    api_socket = arguments.get("api-sock")
    try:
        _start_from_files(vm, arguments)
        listener = None
        if not arguments.has("no-api"):
            vm.log.info(f'Listening on API socket ("{api_socket}").')
            try:
                listener = vm.view.bind(api_socket)
            except OSError as error:
                raise _Exit(
                    EXIT_ERROR,
                    f"RunWithApiError error: Failed to open the API socket at: {api_socket}. "
                    f"Check that it is not already used. ({describe_os_error(error)})",
                ) from None
            vm.log.info("API server started.")
        return ApiServer(vm, listener, RequestLog(root, api_socket), limit).run()
    finally:
        end_machine(vm)


def _make_vm(arguments: Arguments) -> tuple[MicroVm, str]:
    identifier = arguments.get("id")
    fault = find_id_fault(identifier)
    if fault is not None:
        raise _Exit(EXIT_PANIC, f"Invalid instance ID: {fault}")
    for name in _NUMBERS:
        value = arguments.find(name)
        if value is not None and not (value.isascii() and value.isdigit()):
            raise _Exit(EXIT_PANIC, f"'{name}' parameter expected to be of 'u64' type.")
    jail = _find_jail()
    view = FileView(jail)
    log = ProcessLog(identifier)
    level = arguments.find("level")
    if level is not None:
        known = next((name for name in _LEVELS if name.lower() == level.lower()), None)
        if known is None:
            raise _Exit(EXIT_BAD_CONFIGURATION, f"Invalid value for logger level: {level}.")
        log.set_level(known)
    try:
        if arguments.has("log-path"):
            log.open(view, arguments.get("log-path"))
        if arguments.has("metrics-path"):
            log.open_metrics(view, arguments.get("metrics-path"))
    except OSError as error:
        raise _Exit(EXIT_ERROR, f"Could not initialize logger: {describe_os_error(error)}") from None
    limit = arguments.find("mmds-size-limit") or arguments.get("http-api-max-payload-size")
    root = os.getcwd() if jail is None else jail.root
    return MicroVm(identifier, view, log, int(limit)), root


def _find_jail() -> Jail | None:
    told = os.environ.pop(JAIL_VARIABLE, None)
    if told is None:
        return None
    jail = json.loads(told)
    return Jail(jail["root"], jail["uid"], jail["gid"])


def _start_from_files(vm: MicroVm, arguments: Arguments) -> None:
    try:
        if arguments.has("metadata"):
            vm.mmds = read_json(_read(vm, arguments.get("metadata")))
        if arguments.has("config-file"):
            start_from_config(vm, _read(vm, arguments.get("config-file")))
    except OSError as error:
        raise _Exit(EXIT_PANIC, f"Unable to open or read from the file: {describe_os_error(error)}") from None
    except Fault as fault:
        raise _Exit(EXIT_ERROR, f"Failed to build MicroVM from Json: {fault.message}") from None


def _read(vm: MicroVm, path: str) -> bytes:
    with open(vm.view.open(path, os.O_RDONLY), "rb") as file:
        return file.read()
