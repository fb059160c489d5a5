"""The work of a scan: read what is installed and what is known, compare, and keep what was found."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from toban.chapters.vulnerabilities.advisories.catalogs import Catalogs, read_catalogs
from toban.chapters.vulnerabilities.advisories.mirror import read_mirror
from toban.chapters.vulnerabilities.advisories.refreshing import refresh, refresh_catalogs
from toban.chapters.vulnerabilities.bindings import AdvisoriesBinding
from toban.chapters.vulnerabilities.findings.following import InventoryLook, follow
from toban.chapters.vulnerabilities.findings.ranking import names_in, rank
from toban.chapters.vulnerabilities.imported.settling import settle
from toban.chapters.vulnerabilities.inventory import InventoryUnknown
from toban.chapters.vulnerabilities.models import OWN, InventoryReading, Vulnerability, VulnerabilityScan
from toban.chapters.vulnerabilities.package import Inventory, canonical
from toban.chapters.vulnerabilities.plan import BoundInventory, ScanPlan
from toban.chapters.vulnerabilities.scan import Scanned, installed_as, scan, wanted
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.clock import Clock, system_clock
from toban.engine.evidence import ledger
from toban.engine.runs.models import Run
from toban.engine.runs.steps.recording import record_once
from toban.engine.runs.work import RunTurn, Step, Work
from toban.message import NOTHING, Message, message_of

_AT_ONCE = 8
"""Hosts that are asked at the same time."""

log = structlog.get_logger(__name__)


def works(
    plan: ScanPlan, design: Design, bindings: Bindings, *, clock: Clock = system_clock
) -> Mapping[str, Work]:
    """Return the scans as works, by key."""
    advisories = plan.advisories
    if advisories is None:
        return {}
    act = ScanAct(plan.inventories, advisories, bindings.system.zone, clock)
    return {
        order.key: Work(
            key=order.key,
            clause_id=order.row.id,
            document_digest=design.digest,
            acting_digest=bindings.acting_digest,
            steps=(Step("scan", act),),
            schedule=order.schedule,
            system=bindings.system,
        )
        for order in plan.orders
    }


@dataclass(frozen=True, slots=True)
class Counts:
    """What a scan changed."""

    found: int
    ended: int


@dataclass(frozen=True)
class ScanAct:
    """Scans all inventories."""

    inventories: Sequence[BoundInventory]
    advisories: AdvisoriesBinding
    zone: ZoneInfo
    """Of the times that are told."""
    clock: Clock

    def __call__(self, turn: RunTurn) -> Message:
        """Carry out the scan for a run; what can't be read is a gap of its result, and no failure."""
        now = self.clock().astimezone(self.zone)
        read, unread = self._inventories(turn, now)
        turn.progress(50)
        looked_up = wanted(read)
        if self.advisories.at is not None:
            ecosystems = {ecosystem for ecosystem, _ in looked_up}
            for trouble in refresh(self.advisories.folder, self.advisories.at, ecosystems):
                turn.say(trouble)
        for trouble in refresh_catalogs(self.advisories):
            turn.say(trouble)
        turn.progress(60)
        known = read_mirror(self.advisories.folder, looked_up, now)
        scanned = scan(read, unread, known, now, self.advisories.oldest)
        catalogs = read_catalogs(self.advisories.folder, _named(scanned), now)
        scanned = replace(scanned, gaps=[*scanned.gaps, *catalogs.troubles])
        turn.progress(90)
        counts = keep(scanned, catalogs, read, unread, turn.run_id, now)
        for gap in scanned.gaps:
            turn.say(gap)
        return _summed(scanned, counts)

    def _inventories(
        self, turn: RunTurn, now: datetime
    ) -> tuple[Mapping[str, Inventory], Mapping[str, Message]]:
        read: dict[str, Inventory] = {}
        unread: dict[str, Message] = {}
        with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="inventory") as pool:
            asked = [
                None if each.kind.is_in_state else pool.submit(_asked, each, now) for each in self.inventories
            ]
            for each, future in zip(self.inventories, asked, strict=True):
                answer = future.result() if future is not None else _asked(each, now)
                if isinstance(answer, Inventory):
                    read[each.name] = answer
                else:
                    unread[each.name] = answer
                done = len(read) + len(unread)
                turn.progress(
                    50 * done / len(self.inventories), Message("vulnerabilities.read", name=each.name)
                )
        return read, unread


def _asked(each: BoundInventory, now: datetime) -> Inventory | Message:
    try:
        return each.opened().read(now)
    except InventoryUnknown as unknown:
        return message_of(unknown)
    except Exception as error:
        # Another's kind may fail in any way: that list is unknown, and the others are looked at all the same.
        log.exception("inventory_failed", inventory=each.name)
        return message_of(error)


def _named(scanned: Scanned) -> frozenset[str]:
    """Return all vulnerabilities that are there, also those that only others found."""
    found = {each.name for every in scanned.found.values() for each in every}
    return names_in(list(scanned.found)) | found


def keep(
    scanned: Scanned,
    catalogs: Catalogs,
    read: Mapping[str, Inventory],
    unread: Mapping[str, Message],
    run_id: int,
    now: datetime,
) -> Counts:
    """Record what a scan found, in the audit log once: a run that is repeated records the same again."""
    with transaction.atomic():
        # Before anything is read: a report that is taken in meanwhile changes the same rows, and waits.
        ledger.hold()
        _keep_lists(read, unread, now)
        followed = [follow(each) for each in _looks(scanned, read, now)]
        counts = Counts(sum(each.found for each in followed), sum(len(each.ended) for each in followed))
        rank(list(scanned.found), catalogs)
        settled = settle(list(scanned.found), now)
        VulnerabilityScan.objects.update_or_create(
            run=run_id,
            defaults={
                "at": now,
                "inventories": len(read),
                "packages": scanned.packages,
                "compared": scanned.compared,
                "found": counts.found,
                "ended": counts.ended,
                "data": {name: at.isoformat() for name, at in {**scanned.data, **catalogs.made_at}.items()},
                "gaps": [gap.as_json() for gap in scanned.gaps],
            },
        )
        content = {
            "event": "vulnerabilities-scanned",
            "inventories": sorted(read),
            "unread": sorted(unread),
            "packages": scanned.packages,
            "gaps": len(scanned.gaps),
            **asdict(counts),
        }
        record_once(run_id, content, now)
        run = Run.objects.get(pk=run_id)
        # Nothing is settled twice, however often the step is repeated.
        ledger.append(*settled.records("toban", run.clause_id, run.document_digest), now=now)
    return counts


def _keep_lists(read: Mapping[str, Inventory], unread: Mapping[str, Message], now: datetime) -> None:
    for name, inventory in read.items():
        packages = [[each.ecosystem, each.name, each.version, each.installed] for each in inventory.packages]
        values = {
            "looked_at": now,
            "taken_at": inventory.taken_at,
            "packages": packages,
            "trouble": NOTHING,
        }
        InventoryReading.objects.update_or_create(name=name, defaults=values)
    for name, why in unread.items():
        InventoryReading.objects.update_or_create(name=name, defaults={"looked_at": now, "trouble": why})


def _looks(scanned: Scanned, read: Mapping[str, Inventory], now: datetime) -> Iterator[InventoryLook]:
    """Yield what the scan says of each inventory.

    An ecosystem without advisories says nothing, nor does a package that could not be compared: what was
    found there before stays.
    """
    unanswered = {package.ecosystem for each in read.values() for package in each.packages} - (
        scanned.data.keys()
    )
    for name, found in scanned.found.items():
        unsure = {_place(each.ecosystem, each.name) for each in scanned.unreadable[name]}

        def could_see(row: Vulnerability, unsure: Collection[tuple[str, str]] = unsure) -> bool:
            return row.ecosystem not in unanswered and _place(row.ecosystem, row.package) not in unsure

        yield InventoryLook(name, OWN, found, installed_as(read[name].packages), now, could_see)


def _place(ecosystem: str, package: str) -> tuple[str, str]:
    return ecosystem, canonical(ecosystem, package)


def _summed(scanned: Scanned, counts: Counts) -> Message:
    code = "scanned-with-gaps" if scanned.gaps else "scanned"
    return Message(
        f"vulnerabilities.{code}",
        packages=scanned.packages,
        found=counts.found,
        ended=counts.ended,
        gaps=len(scanned.gaps),
    )
