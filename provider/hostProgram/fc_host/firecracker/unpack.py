"""Takes firecracker and jailer out of a release's archive, and nothing else."""

from __future__ import annotations

import posixpath
import tarfile
import zlib
from collections.abc import Iterator

from task_server.refusal import Refusal

from fc_host.firecracker.content import Progress, Report, write_content

# A release has about 25 files, with debug symbols of 200 MiB; a bomb has more.
MEMBER_LIMIT = 1000
UNPACKED_LIMIT = 2 * 1024**3
PROGRAM_LIMIT = 256 * 1024**2

PROGRAM_MODE = 0o755


def unpack_programs(archive: str, folder: str, names: dict[str, str], report: Report) -> dict[str, str]:
    """Writes the wanted members as `<program>.part`; returns the paths of those that the archive has.

    `names` gives for each program its member's name. The whole archive is looked through: one that holds a path which
    leads out of its folder is refused, whatever else is in it.
    """
    found: dict[str, str] = {}
    wanted = {member: program for program, member in names.items()}
    seen: list[str] = []
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in _bounded(tar):
                name = _checked_name(member.name)
                seen.append(name)
                program = wanted.get(name)
                if program is None:
                    continue
                source = tar.extractfile(member) if member.isreg() else None
                if source is None:
                    raise Refusal("archive", f"{name} in the archive is not an ordinary file")
                path = f"{folder}/{program}.part"
                write_content(path, source, PROGRAM_LIMIT, Progress(f"unpacking {program}", None, report), PROGRAM_MODE)
                found[program] = path
    except (tarfile.TarError, zlib.error, EOFError, OSError) as error:
        raise Refusal("archive", f"the archive cannot be unpacked: {error}") from error
    if "firecracker" not in found:
        raise Refusal(
            "archive",
            f"the archive has no {names['firecracker']}; it has {_list(seen)}",
            "Give the archive of this version and of the host's architecture, as the project releases it.",
        )
    return found


def _bounded(tar: tarfile.TarFile) -> Iterator[tarfile.TarInfo]:
    total = 0
    for count, member in enumerate(tar, start=1):
        total += member.size
        if count > MEMBER_LIMIT or total > UNPACKED_LIMIT:
            raise Refusal("archive", "the archive holds more than a release of Firecracker can hold")
        yield member


def _checked_name(name: str) -> str:
    plain = posixpath.normpath(name)
    if name.startswith("/") or plain.startswith("../") or plain == "..":
        raise Refusal("archive", f"the archive holds a path that leads out of it: {name!r}; nothing of it was used")
    return plain


def _list(names: list[str]) -> str:
    shown = ", ".join(sorted(names)[:6])
    return (shown + (", …" if len(names) > 6 else "")) or "nothing"
