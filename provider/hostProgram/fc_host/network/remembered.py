"""What the record of a network says beside its owner: what was made, and how the rules looked when they were put."""

from __future__ import annotations

from typing import NamedTuple, cast

from task_server.netns import own_inode
from task_server.process_identity import read_boot_id

from ..records import Claimed, Owner
from .plan import Plan


class Rules(NamedTuple):
    # Digests of the text that was put, and of the table as the kernel listed it right afterwards.
    wanted: str
    seen: str


class Remembered(NamedTuple):
    boot_id: str
    # The namespace that the host program ran in.
    host_namespace: int
    table: str
    tap: str
    alias: str
    veth: str
    netns: str | None
    # Which namespace of that name is ours; None before it is made.
    netns_inode: int | None
    # The /30 of the veth pair. Once chosen, it stays.
    link_subnet: str | None
    # False until the network was ready for the first time.
    is_complete: bool
    # Of the tables in `host` and, with a namespace, in `inner`.
    rules: dict[str, Rules]
    # Drops in tables of others that were there when a probe went through all the same.
    harmless: tuple[str, ...]
    # Whether the rules were probed since they last changed.
    proven: bool

    @property
    def is_of_this_boot(self) -> bool:
        """Whether the host has not been started anew since: devices, namespaces and rules do not outlast it."""
        return self.boot_id == read_boot_id()

    @property
    def is_of_this_host(self) -> bool:
        return self.is_of_this_boot and self.host_namespace == own_inode()

    @staticmethod
    def new(plan: Plan) -> Remembered:
        return Remembered(
            boot_id=read_boot_id(),
            host_namespace=own_inode(),
            table=plan.table,
            tap=plan.tap,
            alias=plan.alias,
            veth=plan.veth,
            netns=plan.netns,
            netns_inode=None,
            link_subnet=None,
            is_complete=False,
            rules={},
            harmless=(),
            proven=False,
        )

    @staticmethod
    def of(record: dict[str, object] | None) -> Remembered | None:
        """None where nothing readable is remembered: the record may be of a creation that was cut off at once."""
        if record is None or not isinstance(record.get("bootId"), str):
            return None
        inode, subnet, netns = record.get("netnsInode"), record.get("linkSubnet"), record.get("netns")
        rules = cast("dict[str, list[str]]", record.get("rules") or {})
        return Remembered(
            boot_id=str(record["bootId"]),
            host_namespace=cast("int", record["hostNamespace"]),
            table=str(record["table"]),
            tap=str(record["tap"]),
            alias=str(record["alias"]),
            veth=str(record["veth"]),
            netns=None if netns is None else str(netns),
            netns_inode=inode if type(inode) is int else None,
            link_subnet=None if subnet is None else str(subnet),
            is_complete=record.get("isComplete") is True,
            rules={place: Rules(*texts) for place, texts in rules.items()},
            harmless=tuple(cast("list[str]", record.get("harmless") or [])),
            proven=record.get("isProven") is True,
        )

    def write(self, claimed: Claimed, owner: Owner) -> None:
        claimed.write(
            owner,
            bootId=self.boot_id,
            hostNamespace=self.host_namespace,
            table=self.table,
            tap=self.tap,
            alias=self.alias,
            veth=self.veth,
            netns=self.netns,
            netnsInode=self.netns_inode,
            linkSubnet=self.link_subnet,
            isComplete=self.is_complete,
            rules={place: list(rules) for place, rules in self.rules.items()},
            harmless=list(self.harmless),
            isProven=self.proven,
        )
