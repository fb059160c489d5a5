"""The work of a scan: read what is installed and what is known, compare, and keep what was found."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import structlog
from django.db import transaction

from toban.chapters.vulnerabilities.advisories.mirror import read_mirror
from toban.chapters.vulnerabilities.advisories.refreshing import refresh
from toban.chapters.vulnerabilities.bindings import AdvisoriesBinding
from toban.chapters.vulnerabilities.inventory import InventoryUnknown
from toban.chapters.vulnerabilities.matching import VulnerablePackage
from toban.chapters.vulnerabilities.models import InventoryReading, Vulnerability, VulnerabilityScan
from toban.chapters.vulnerabilities.package import Inventory, canonical
from toban.chapters.vulnerabilities.plan import BoundInventory, ScanPlan
from toban.chapters.vulnerabilities.scan import Scanned, installed_as, scan, wanted
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.clock import Clock, system_clock
from toban.engine.runs.steps.recording import record_once
from toban.engine.runs.work import RunTurn, Step, Work
from toban.message import NOTHING, Message, message_of

_AT_ONCE = 8
"""Hosts that are asked at the same time."""

_BATCH = 200
_TOLD = (
    "name",
    "version",
    "installed",
    "advisories",
    "summary",
    "rating",
    "rank",
    "fixed",
    "fixable_since",
    "exploited_since",
    "last_seen",
)
"""What a scan may say anew of a vulnerability that is known."""

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
        turn.progress(60)
        known = read_mirror(self.advisories.folder, looked_up, now)
        scanned = scan(read, unread, known, now, self.advisories.oldest)
        turn.progress(90)
        counts = keep(scanned, read, unread, turn.run_id, now)
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


def keep(
    scanned: Scanned,
    read: Mapping[str, Inventory],
    unread: Mapping[str, Message],
    run_id: int,
    now: datetime,
) -> Counts:
    """Record what a scan found, in the audit log once: a run that is repeated records the same again."""
    with transaction.atomic():
        _keep_lists(read, unread, now)
        counts = Counts(
            sum(_found(name, scanned, read[name], now) for name in scanned.found),
            _ended(scanned, read, now),
        )
        VulnerabilityScan.objects.update_or_create(
            run=run_id,
            defaults={
                "at": now,
                "inventories": len(read),
                "packages": scanned.packages,
                "compared": scanned.compared,
                "found": counts.found,
                "ended": counts.ended,
                "data": {name: newest.isoformat() for name, newest in scanned.data.items()},
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


type _Key = tuple[str, str, str]
"""Ecosystem, canonical name of the package, and name of the vulnerability."""

type _Current = Mapping[tuple[_Key, str], VulnerablePackage]
"""By key and version: a host may have several versions of a package, and each is to be mended."""

type _Former = Mapping[_Key, dict[str, Vulnerability]]
"""By key and version."""


def _key(ecosystem: str, package: str, name: str) -> _Key:
    return ecosystem, canonical(ecosystem, package), name


def _found(name: str, scanned: Scanned, inventory: Inventory, now: datetime) -> int:
    """Record the vulnerabilities of one inventory, and return how many are new."""
    found = scanned.found[name]
    installed = installed_as(inventory.packages)
    former: dict[_Key, dict[str, Vulnerability]] = defaultdict(dict)
    # Of several versions that are gone, the oldest finding goes on.
    for row in Vulnerability.objects.open().filter(inventory=name).order_by("first_seen", "pk"):
        former[_key(row.ecosystem, row.package, row.name)][row.version] = row
    current = {
        (_key(each.package.ecosystem, each.package.name, each.name), each.package.version): each
        for each in found
    }
    rows = {at: _taken(former, current, at, each) for at, each in current.items()}
    for at, each in current.items():
        row, package = rows[at], each.package
        row.inventory, row.ecosystem, row.name = name, package.ecosystem, each.name
        # As it was spelled first: alerts go by it.
        row.package = row.package or package.name
        row.version, row.installed = package.version, sorted(set(installed[package]))
        row.advisories, row.summary = [one.id for one in each.advisories], each.advisories[0].summary
        row.rating, row.rank, row.fixed = each.rating.value, each.rating.rank, each.fixed
        row.first_seen, row.last_seen = row.first_seen or now, now
        row.fixable_since = row.fixable_since or (now if each.fixed else None)
        # What a catalog said that can't be read now still holds.
        row.exploited_since = scanned.exploited.get(each.name, row.exploited_since)
    new = [row for row in rows.values() if row.pk is None]
    Vulnerability.objects.bulk_update([row for row in rows.values() if row.pk is not None], _TOLD, _BATCH)
    Vulnerability.objects.bulk_create(new, _BATCH)
    return len(new)


def _taken(
    former: _Former, current: _Current, at: tuple[_Key, str], each: VulnerablePackage
) -> Vulnerability:
    """Return what *each* was at the former scan, also under another name or version: it is as old as that."""
    (ecosystem, package, _), version = at
    names = (each.name, *(name for one in each.advisories for name in (one.id, *one.aliases)))
    for name in names:
        key = ecosystem, package, name
        rows = former.get(key, {})
        for other in (version, *rows):
            # What is still found under its own name and version keeps its row.
            if other in rows and ((key, other) == at or (key, other) not in current):
                return rows.pop(other)
    return Vulnerability()


def _ended(scanned: Scanned, read: Mapping[str, Inventory], now: datetime) -> int:
    """End what the inventories that could be read have no more, and return how much that is.

    An ecosystem without advisories says nothing, nor does a package that could not be compared: what was
    found there before stays.
    """
    installed = {package.ecosystem for each in read.values() for package in each.packages}
    looked = Vulnerability.objects.open().filter(inventory__in=list(scanned.found))
    unanswered = installed - scanned.data.keys()
    unseen = looked.exclude(ecosystem__in=unanswered).exclude(last_seen=now)
    unsure = {
        (name, package.ecosystem, canonical(package.ecosystem, package.name))
        for name, packages in scanned.unreadable.items()
        for package in packages
    }
    over = [
        row.pk
        for row in unseen
        if (row.inventory, row.ecosystem, canonical(row.ecosystem, row.package)) not in unsure
    ]
    for start in range(0, len(over), _BATCH):
        Vulnerability.objects.filter(pk__in=over[start : start + _BATCH]).update(ended_at=now)
    return len(over)


def _summed(scanned: Scanned, counts: Counts) -> Message:
    code = "scanned-with-gaps" if scanned.gaps else "scanned"
    return Message(
        f"vulnerabilities.{code}",
        packages=scanned.packages,
        found=counts.found,
        ended=counts.ended,
        gaps=len(scanned.gaps),
    )
