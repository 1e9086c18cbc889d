"""What of an instance's Firecracker is on the host now."""

from __future__ import annotations

from fc_host.firecracker.store import ENGINES, KERNELS, Entry, list_owned
from fc_host.inspect.cpu import read_architecture
from fc_host.inspect.finding import Finding


def describe(instance_id: str, has_kernel: bool, findings: list[Finding]) -> dict[str, object]:
    """`ready`, `damaged` (a file is missing or is another one), or `absent`."""
    engine = _first(list_owned(ENGINES, instance_id))
    kernel = _first(list_owned(KERNELS, instance_id)) if has_kernel else None
    wanted = [engine, kernel] if has_kernel else [engine]
    if engine is None:
        status = "absent"
    elif all(entry is not None and entry.is_intact() for entry in wanted):
        status = "ready"
    else:
        status = "damaged"
    return {
        "status": status,
        "architecture": read_architecture(),
        "firecrackerPath": engine and engine.path("firecracker"),
        "jailerPath": engine and engine.path("jailer"),
        "firecrackerVersion": engine and engine.facts.get("version"),
        "kernelPath": kernel and kernel.path("vmlinux"),
        "kernelSha256": kernel and kernel.facts.get("sha256"),
        "findings": [finding.to_json() for finding in [*findings, *_judge_sum(engine)]],
    }


def _judge_sum(engine: Entry | None) -> list[Finding]:
    """A sum from the same place as the file says nothing of who has made both."""
    if engine is None or engine.facts.get("sumFrom") != "beside":
        return []
    return [
        Finding(
            "warning",
            "checksum",
            "the archive was compared with the .sha256.txt beside it: it is whole, but whoever could "
            "put another archive there could put another sum there too",
            f'Set `source.sha256` from a place that you trust; it was "{engine.facts.get("archiveSha256")}".',
        )
    ]


def _first(entries: list[Entry]) -> Entry | None:
    return entries[0] if entries else None
