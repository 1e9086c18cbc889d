"""Gets one file, from an address or from standard input, and compares its hash before anybody uses it."""

from __future__ import annotations

import re
from collections.abc import Iterable

from task_server.refusal import Refusal

from fc_host.firecracker.content import Report, require_sha256
from fc_host.firecracker.download import download, download_text, show
from fc_host.firecracker.request import Source
from fc_host.firecracker.uploads import Uploads

# A release's archive has about 10 MiB, a kernel with debug symbols some hundred.
FILE_LIMIT = 1024**3

_SUM = re.compile(r"\s*([0-9a-fA-F]{64})\b")

_NAMES = {"archive": "Firecracker's archive", "kernel": "the kernel"}


def fetch(source: Source, path: str, uploads: Uploads, seconds: float, report: Report) -> None:
    """Writes the file to the path, mode 0600."""
    what = _NAMES.get(source.name, source.name)
    if source.url is None:
        written = uploads.receive(source.name, path, report)
    else:
        written = download(source.url, path, FILE_LIMIT, seconds, f"downloading {what}", report)
    require_sha256(what, source.sha256 or "", written.sha256)


def fetch_sum(url: str) -> str:
    """The sum that the project publishes beside each archive."""
    address = f"{url}.sha256.txt"
    match = _SUM.match(download_text(address))
    if match is None:
        raise Refusal(
            "download",
            f"{show(address)} holds no SHA-256 sum",
            "Set `source.sha256` to the archive's sum, from a place that you trust.",
        )
    return match[1].lower()


def missing_uploads(sources: Iterable[Source], uploads: Uploads) -> list[str]:
    """The files that have to be sent and were not."""
    return [source.name for source in sources if source.url is None and not uploads.holds(source.name)]
