"""Brings a network to what is declared: makes it, mends it, or gives it other rules, and proves that it is ready."""

from __future__ import annotations

from typing import Callable

from task_server.refusal import Refusal

from ..records import Owner, claim, folder_of, read_record
from .answer import describe
from .build import Site, begin, ensure_devices, ensure_namespace, ensure_refresher, ensure_rules
from .inspect import list_foreign_drops, look_at
from .links import read_links, read_routes
from .plan import Plan, require_root
from .probe import Proof, prove
from .remembered import Remembered
from .resolvers import find_resolvers
from .sides import find_uplink
from .teardown import take_away
from .tools import require_tools


def run(args: dict[str, object], report: Callable[[str], None]) -> dict[str, object]:
    require_root()
    require_tools()
    plan, owner = Plan.of(args), Owner.of(args)
    folder = folder_of("networks", plan.name)
    with claim(folder, owner, plan.what) as claimed:
        found = Remembered.of(claimed.found)
        site = Site(plan, claimed, owner, find_resolvers(plan))
        try:
            return _bring_up(site, found, report)
        except BaseException:
            # What was there before stays; what a creation left half-done goes, whoever's attempt it was.
            if found is None or not found.is_complete:
                _take_back(site)
            raise


def _take_back(site: Site) -> None:
    record = read_record(site.claimed.folder)
    if record is not None:
        take_away(site.claimed.folder, Remembered.of(record))


def _bring_up(site: Site, found: Remembered | None, report: Callable[[str], None]) -> dict[str, object]:
    plan, folder = site.plan, site.claimed.folder
    uplink = find_uplink(plan, read_links(), read_routes())
    remembered = begin(site, found)
    report("making devices and addresses")
    remembered = ensure_namespace(site, remembered)
    ensure_devices(site, remembered)
    remembered, was_changed = ensure_rules(site, remembered, uplink)
    ensure_refresher(site)
    if was_changed or not remembered.is_complete:
        report("probing the rules")
        proof = prove(plan, has_uplink=uplink is not None)
        harmless = _judge(plan, proof) if proof.was_made else remembered.harmless
        remembered = remembered._replace(proven=proof.was_made, harmless=harmless)
    sight = look_at(plan, folder, remembered, site.resolvers)
    if sight.faults:
        raise Refusal("not_ready", f"{plan.what} is not ready: {'; '.join(sight.faults)}")
    remembered = site.remember(remembered._replace(is_complete=True))
    return describe(plan, remembered, sight, site.resolvers)


def _judge(plan: Plan, proof: Proof) -> tuple[str, ...]:
    """Refuses a host whose other rules block the guest; those that let it through are harmless from now on."""
    drops = list_foreign_drops(plan)
    if proof.passes_out and proof.passes_in:
        return tuple(drops)
    blocked = "what a guest sends out" if not proof.passes_out else "what a guest sends to the task server"
    culprits = " ".join(drops) if drops else "No table of nftables says so: look at the host's other filters."
    raise Refusal("foreign_drop", f"other rules there drop {blocked}", culprits)
