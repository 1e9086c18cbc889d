"""Makes an ext4 image of a folder, and replaces files in one, both without a mount or a loop device."""

from __future__ import annotations

import os
import uuid

from task_server.refusal import Refusal

from .contained import Program, run_contained
from .spec import SmallFile

LABEL = "fc-rootfs"
# All that a kernel 5.10 can write to, whatever the defaults of the mke2fs on this host are.
FEATURES = (
    "none,has_journal,ext_attr,resize_inode,dir_index,filetype,extent,64bit,flex_bg,sparse_super,large_file,huge_file,"
    "dir_nlink,extra_isize,metadata_csum"
)
FULL = "Could not allocate"


def make_image(tree: str, image: str, size_mib: int, seed: str, deadline: float) -> None:
    """Writes the tree into a new image. Its ids come from `seed`, and not from chance."""
    identity = str(uuid.uuid5(uuid.NAMESPACE_OID, seed))
    argv = ["mkfs.ext4", "-q", "-F", "-b", "4096", "-I", "256", "-m", "0", "-L", LABEL, "-U", identity]
    argv += ["-O", FEATURES, "-E", f"hash_seed={identity},root_owner=0:0", "-d", tree, image, f"{size_mib}M"]
    try:
        run_contained(Program("mkfs.ext4", argv), deadline)
    except Refusal as refusal:
        if FULL not in (refusal.log_tail or ""):
            raise
        raise Refusal(
            "image_full",
            f"what belongs into the image does not fit into {size_mib} MiB",
            "Raise `sizeMib`, or name fewer `packages`.",
        ) from refusal


def replace_files(image: str, files: list[SmallFile], folder: str, deadline: float) -> None:
    """Puts each file into an image in place of the one there, and checks that the image has it then."""
    for number, file in enumerate(files):
        source = os.path.join(folder, f"file-{number}")
        with open(source, "w", encoding="utf-8") as copy:
            os.fchmod(copy.fileno(), file.mode)
            copy.write(file.text)
        name = os.path.basename(file.path)
        commands = os.path.join(folder, "commands")
        with open(commands, "w", encoding="utf-8") as script:
            # debugfs writes into its working folder only.
            script.write(f"cd {os.path.dirname(file.path)}\nrm {name}\nwrite {source} {name}\n")
        run_contained(Program("debugfs", ["debugfs", "-w", "-f", commands, image]), deadline)
        _check_file(image, file, os.path.join(folder, "check"), deadline)
    run_contained(Program("e2fsck", ["e2fsck", "-f", "-n", image]), deadline)


def _check_file(image: str, file: SmallFile, copy: str, deadline: float) -> None:
    """debugfs ends with 0 whatever happens."""
    log = run_contained(Program("debugfs", ["debugfs", "-R", f"dump {file.path} {copy}", image]), deadline)
    try:
        with open(copy, encoding="utf-8") as written:
            text = written.read()
        os.unlink(copy)
    except FileNotFoundError:
        text = ""
    if text != file.text:
        raise Refusal("build_failed", f"debugfs did not write {file.path} into the image", log_tail=log)
