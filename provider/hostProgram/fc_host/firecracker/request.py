"""What an installation is asked for, read from the command's arguments."""

from __future__ import annotations

import hashlib
from typing import NamedTuple, cast

from task_server.refusal import Refusal

from fc_host.records import Owner


class Source(NamedTuple):
    """Where one file comes from. Without an address it is uploaded."""

    name: str
    # None: it is read from the checksum file beside the address.
    sha256: str | None
    url: str | None


class Engine(NamedTuple):
    """Firecracker's programs: a release's archive, or two files."""

    version: str
    sources: tuple[Source, ...]
    needs_jailer: bool
    # given, known or beside: who says what the archive's sum has to be.
    sum_from: str

    @property
    def is_archive(self) -> bool:
        return self.sources[0].name == "archive"

    def with_sum(self, sha256: str) -> Engine:
        first = self.sources[0]._replace(sha256=sha256)
        return self._replace(sources=(first, *self.sources[1:]))

    @property
    def folder_name(self) -> str:
        """The version for people, and a hash of the content: what differs never lies in one folder."""
        sums = "".join(f"{source.name} {source.sha256}\n" for source in self.sources)
        return f"{self.version}-{hashlib.sha256(sums.encode()).hexdigest()[:12]}"


class Request(NamedTuple):
    owner: Owner
    # True while the resource is created: then nothing is left behind by a failure.
    is_new: bool
    engine: Engine
    kernel: Source | None
    requires_kvm: bool
    uploads: object
    seconds: float

    @staticmethod
    def of(args: dict[str, object], architecture: str) -> Request:
        kernel = args.get("kernel")
        return Request(
            Owner.of(args),
            args.get("isNew") is True,
            _read_engine(cast("dict[str, object]", args["engine"]), architecture),
            None if kernel is None else _read_source("kernel", cast("dict[str, object]", kernel)),
            args.get("requireKvm") is not False,
            args.get("uploads"),
            float(str(args.get("seconds", 600))),
        )


def _read_engine(args: dict[str, object], architecture: str) -> Engine:
    version = str(args["version"])
    needs_jailer = args.get("jailer") is True
    files = args.get("files")
    if isinstance(files, dict):
        sources = tuple(Source(name, str(files[name]), None) for name in ("firecracker", "jailer") if files.get(name))
        return Engine(version, sources, needs_jailer, "given")
    url = _text(args.get("url"))
    if args.get("base") is not None:
        url = f"{args['base']}/firecracker-v{version}-{architecture}.tgz"
    given = _text(args.get("sha256"))
    known = cast("dict[str, object]", args.get("known") or {}).get(architecture)
    sum_from = "given" if given else "known" if known else "beside"
    if sum_from == "beside" and url is None:
        raise Refusal("bad_request", "the sum of the uploaded archive was not told")
    return Engine(version, (Source("archive", given or _text(known), url),), needs_jailer, sum_from)


def _read_source(name: str, args: dict[str, object]) -> Source:
    return Source(name, str(args["sha256"]), _text(args.get("url")))


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
