"""Brings an image to what is declared: builds it, replaces single files in it, or does nothing."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from datetime import datetime, timezone
from typing import Callable, cast

from task_server.state_folder import folder_errors, sync_folder

from fc_host.records import Claimed, Owner, claim, folder_of, read_record, remove_thing

from . import tree
from .contained import Program, run_contained
from .ext4 import make_image, replace_files
from .finish import finish
from .image import IMAGE, Fingerprint, describe_image, find_users, status_of
from .requirements import (
    BUILD_MIB,
    BUILD_TOOLS,
    MIB,
    UPDATE_TOOLS,
    require_keyring,
    require_room,
    require_root,
    require_tools,
)
from .spec import Spec
from .steps import bootstrap, install_claude, install_node, install_packages

Args = dict[str, object]
Report = Callable[[str], None]

BUILD_PREFIX = "build-"


def run(args: Args, report: Report) -> Args:
    require_root()
    spec = Spec.of(args)
    owner = Owner.of(args)
    deadline = time.monotonic() + float(cast("int", args["timeoutSeconds"]))
    folder = folder_of("images", args["name"])
    with claim(folder, owner, f"the image {args['name']}") as claimed:
        remove_leftovers(folder)
        action = plan(spec, status_of(folder, claimed.found), claimed.found)
        try:
            if action == "build":
                _build(claimed, owner, spec, deadline, report)
            elif action == "files":
                _update(claimed, owner, spec, deadline, report)
            else:
                _adopt(claimed, owner)
        except BaseException:
            remove_leftovers(folder)
            if not os.path.exists(os.path.join(folder, IMAGE)):
                remove_thing(folder)
            raise
        return {"action": action, **describe(folder)}


def plan(spec: Spec, status: str, record: Args | None) -> str:
    """`build` when the image is not there or other inputs made it, `files` when only small files differ, or `none`."""
    if record is None or status != "present" or record.get("buildHash") != spec.build_hash:
        return "build"
    return "none" if record.get("filesHash") == spec.files_hash else "files"


def describe(folder: str) -> Args:
    """What is there, from the record."""
    record = read_record(folder)
    known = ("buildHash", "filesHash", "agentHash", "sizeBytes", "builtAt")
    facts = {name: record[name] for name in known if record is not None and name in record}
    return {"status": status_of(folder, record), "imagePath": os.path.join(folder, IMAGE), **facts}


def remove_leftovers(folder: str) -> None:
    """Removes what interrupted builds have left. Their mounts went with their processes."""
    for name in os.listdir(folder):
        if name.startswith(BUILD_PREFIX):
            shutil.rmtree(os.path.join(folder, name))


def _build(claimed: Claimed, owner: Owner, spec: Spec, deadline: float, report: Report) -> None:
    require_tools(BUILD_TOOLS)
    require_keyring(spec.keyring)
    require_room(claimed.folder, BUILD_MIB)
    if claimed.found is None:
        claimed.write(owner)  # A removal finds whose it is, also when this process is killed.
    with folder_errors(claimed.folder):
        work = tempfile.mkdtemp(prefix=BUILD_PREFIX, dir=claimed.folder)
        root = os.path.join(work, "root")
        os.mkdir(root, 0o755)
        report(f"debootstrap: starting with {spec.suite}")
        bootstrap(spec, root, deadline, report)
        install_packages(spec, root, deadline, report)
        install_node(spec, root, deadline, report)
        install_claude(spec, root, deadline, report)
        report("cleaning up the tree")
        finish(spec, root)
        size = tree.size_of(root)
        require_room(claimed.folder, size // MIB)
        report(f"mkfs.ext4: writing {size // MIB} MiB")
        image = os.path.join(work, IMAGE)
        make_image(root, image, spec.size_mib, spec.build_hash, deadline)
        places = {file.path: tree.locate(root, file.path).removeprefix(root) for file in spec.small_files()}
        _take_over(claimed, owner, spec, image, {"places": places, "builtAt": _now()})
        shutil.rmtree(work)


def _update(claimed: Claimed, owner: Owner, spec: Spec, deadline: float, report: Report) -> None:
    """In a copy: a machine that runs from the old image keeps it."""
    require_tools(UPDATE_TOOLS)
    record = claimed.found or {}
    current = os.path.join(claimed.folder, IMAGE)
    require_room(claimed.folder, os.stat(current).st_blocks * 512 // MIB)
    users = find_users(current)
    kept = f"; {', '.join(users)} keeps the old one" if users else ""
    report(f"updating the guest agent in the image{kept}")
    with folder_errors(claimed.folder):
        work = tempfile.mkdtemp(prefix=BUILD_PREFIX, dir=claimed.folder)
        image = os.path.join(work, IMAGE)
        copy = ["cp", "--reflink=auto", "--sparse=always", current, image]
        run_contained(Program("copying the image", copy), deadline)
        # Where the image has them: /sbin may be a link, which debugfs does not follow.
        places = cast("dict[str, str]", record["places"])
        files = [file._replace(path=places.get(file.path, file.path)) for file in spec.small_files()]
        replace_files(image, files, work, deadline)
        _take_over(claimed, owner, spec, image, {"places": places, "builtAt": record["builtAt"]})
        shutil.rmtree(work)


def _adopt(claimed: Claimed, owner: Owner) -> None:
    """Notes that the image is this instance's, as it is: a creation that was cut off, or another stack, has made it."""
    kept = {key: value for key, value in (claimed.found or {}).items() if key not in ("owner", "instanceId")}
    fingerprint = Fingerprint.of(os.path.join(claimed.folder, IMAGE))
    claimed.write(owner, **{**kept, "fingerprint": list(fingerprint or ())})


def _take_over(claimed: Claimed, owner: Owner, spec: Spec, image: str, facts: Args) -> None:
    """Puts a finished image into its place, whole."""
    os.chmod(image, 0o600)
    descriptor = os.open(image, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    described = describe_image(image)
    os.rename(image, os.path.join(claimed.folder, IMAGE))
    sync_folder(claimed.folder)
    claimed.write(
        owner,
        **facts,
        **described,
        buildHash=spec.build_hash,
        filesHash=spec.files_hash,
        agentHash=spec.agent_hash,
        sizeBytes=spec.size_mib * MIB,
    )


def _now() -> str:
    return datetime.now(timezone.utc).isoformat(timespec="seconds").replace("+00:00", "Z")
