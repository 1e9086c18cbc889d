"""Whose a thing on the host is: each has a folder with a record that names its owner and its instance.

The owner is the stable key of a resource, the instance one creation of it. Nothing that another owner's record stands
in is ever changed, and nothing but the named instance is ever removed.
"""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from task_server.refusal import Refusal
from task_server.state_folder import (
    folder_errors,
    locked_folder,
    make_private,
    read_json,
    state_root,
    write_atomically,
)

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_RECORD = "record.json"


class Owner(NamedTuple):
    """Who asks: the stable key of the resource, the instance, and whether another owner's thing is taken over."""

    key: str
    instance_id: str
    take_over: bool = False

    @staticmethod
    def of(args: dict[str, object]) -> Owner:
        """From the arguments `owner`, `instanceId` and `takeOver` of an operation."""
        return Owner(str(args["owner"]), str(args["instanceId"]), args.get("takeOver") is True)


class Claimed(NamedTuple):
    """A folder that is held for its owner."""

    folder: str
    # The record as it was found; None when the thing is new.
    found: dict[str, object] | None

    def write(self, owner: Owner, **facts: object) -> None:
        """Writes the record, with what else is to be remembered of the thing."""
        record = {**facts, "owner": owner.key, "instanceId": owner.instance_id}
        with folder_errors(self.folder):
            write_atomically(os.path.join(self.folder, _RECORD), json.dumps(record).encode())


def folder_of(topic: str, name: object) -> str:
    """Path of a thing's folder, such as networks/net-0123456789ab below the state's root."""
    if not isinstance(name, str) or _NAME.fullmatch(name) is None:
        raise Refusal("bad_request", f"the name of the folder in {topic} is malformed")
    return os.path.join(state_root(), topic, name)


def read_record(folder: str) -> dict[str, object] | None:
    return read_json(os.path.join(folder, _RECORD))


@contextmanager
def claim(folder: str, owner: Owner, what: str) -> Iterator[Claimed]:
    """Holds a thing's folder, made where it is missing, against other operations and other owners.

    The caller writes the record as soon as it makes anything. A folder in which nothing came to stand is removed.
    """
    with folder_errors(folder):
        make_private(state_root())  # The lock makes the topic's folder and the thing's as private.
    with locked_folder(folder, create=True):
        found = read_record(folder)
        if found is not None and found.get("owner") != owner.key and not owner.take_over:
            raise Refusal(
                "owned",
                f"{what} there belongs to {found.get('owner')}",
                "Choose another name for it, or set `takeOver: true` to make it this stack's.",
            )
        try:
            yield Claimed(folder, found)
        finally:
            _remove_empty(folder)


@contextmanager
def held(folder: str, instance_id: str) -> Iterator[dict[str, object] | None]:
    """Holds a thing's folder for a removal. Yields its record; None when there is none or another instance's."""
    with locked_folder(folder, create=False) as is_new:
        record = None if is_new is None else read_record(folder)
        is_ours = record is not None and record.get("instanceId") == instance_id
        yield record if is_ours else None


def remove_thing(folder: str) -> None:
    """Removes a thing's folder, which has to be held, and the folders above it that are empty then."""
    with folder_errors(folder):
        shutil.rmtree(folder)
    _remove_empty(os.path.dirname(folder))


def _remove_empty(path: str) -> None:
    """Removes an empty folder and those above it, up to the state's root."""
    above = os.path.dirname(state_root())
    while path != above:
        try:
            os.rmdir(path)
        except OSError:
            return  # Something stands in it.
        path = os.path.dirname(path)
