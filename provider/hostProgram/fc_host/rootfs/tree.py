"""Files in the tree of an image, which the host must not follow out of it: its links mean places inside."""

from __future__ import annotations

import os
import shutil

MAX_LINKS = 40


def resolve_inside(root: str, path: str) -> str:
    """The path below `root`, without links, that a process would reach which has `root` as its `/`."""
    rest = [part for part in path.split("/") if part not in ("", ".")]
    found: list[str] = []
    links = 0
    while rest:
        part = rest.pop(0)
        if part == "..":
            found = found[:-1]
            continue
        here = os.path.join(root, *found, part)
        if not os.path.islink(here):
            found.append(part)
            continue
        links += 1
        if links > MAX_LINKS:
            raise OSError(f"too many links in {path}")
        target = os.readlink(here)
        if target.startswith("/"):
            found = []
        rest = [step for step in target.split("/") if step not in ("", ".")] + rest
    return os.path.join(root, *found)


def locate(root: str, path: str) -> str:
    """The place of a file that may be a link itself, which is then meant, and not what it points to."""
    return os.path.join(resolve_inside(root, os.path.dirname(path)), os.path.basename(path))


def write_file(root: str, path: str, text: str, mode: int = 0o644) -> None:
    place = locate(root, path)
    os.makedirs(os.path.dirname(place), exist_ok=True)
    remove(root, path)
    descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, mode)
    with open(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(file.fileno(), mode)
        file.write(text)


def remove(root: str, path: str) -> None:
    place = locate(root, path)
    if os.path.isdir(place) and not os.path.islink(place):
        shutil.rmtree(place)
    elif os.path.lexists(place):
        os.unlink(place)


def empty_folder(root: str, path: str) -> None:
    place = resolve_inside(root, path)
    for name in os.listdir(place) if os.path.isdir(place) else []:
        remove(root, f"{path}/{name}")


def size_of(root: str) -> int:
    """What the tree takes, in bytes; a file with several names counts once."""
    seen: set[tuple[int, int]] = set()
    total = 0
    for folder, folders, files in os.walk(root):
        for name in files + folders:
            found = os.lstat(os.path.join(folder, name))
            if (found.st_dev, found.st_ino) not in seen:
                seen.add((found.st_dev, found.st_ino))
                total += found.st_blocks * 512
    return total
