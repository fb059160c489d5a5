"""Taking a report in: what it found joins what is found otherwise. One transaction each, audited."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from toban.chapters.vulnerabilities.advisories.catalogs import Catalogs, read_catalogs
from toban.chapters.vulnerabilities.findings.following import Followed, InventoryLook, follow
from toban.chapters.vulnerabilities.findings.ranking import names_in, rank
from toban.chapters.vulnerabilities.imported.joining import KnownName, joined
from toban.chapters.vulnerabilities.imported.keeping import keep_report
from toban.chapters.vulnerabilities.imported.reading import read_report
from toban.chapters.vulnerabilities.imported.saying import NotAReport, ReportedVulnerability, ScannerReport
from toban.chapters.vulnerabilities.imported.settling import SettledStatements, settle
from toban.chapters.vulnerabilities.models import OWN, ImportedReport, InventoryReading, Vulnerability
from toban.chapters.vulnerabilities.operation import OPERATION
from toban.chapters.vulnerabilities.package import Package, believable, canonical
from toban.engine.approvals.answers import Giver
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.people.models import OperatorRole
from toban.message import Message
from toban.text import printable, storable_text

_LONGEST_SOURCE = 100
_LONGEST_REASON = 2000


@dataclass(frozen=True, slots=True)
class Taken:
    """What a report changed."""

    report: ImportedReport
    looked: Followed
    settled: SettledStatements


def take(written: bytes, inventory: str, source: str, *, by: Giver, edition: Edition, now: datetime) -> Taken:
    """Take in a report about *inventory*, in place of the former one of its source. Raises `NotPossible`.

    *source* is empty for the report's own name of itself.
    """
    try:
        report = read_report(written)
    except NotAReport as wrong:
        raise NotPossible(wrong.why, Message("vulnerabilities.known-reports")) from wrong
    _require_manager(any(each.status.closes for each in report.statements), by)
    source = _line(source or report.source)
    if source.casefold() == OWN:
        raise NotPossible(Message("vulnerabilities.own-source"), Message("vulnerabilities.name-the-source"))
    catalogs = _catalogs(report, inventory, edition, now)
    with transaction.atomic():
        ledger.hold()
        row = ImportedReport.objects.filter(inventory=inventory, source=source).first()
        _require_newer(row, believable(report.made_at, now), edition)
        row = row or ImportedReport(inventory=inventory, source=source)
        keep_report(row, report, written, by.name, now)
        looked = _follow(row, report.found, now)
        rank([inventory], catalogs)
        settled = settle([inventory], now)
        _require_manager(_closes_known(settled, now), by)
        unmended = _unmended(looked.ended, inventory)
        _require_ending(any(unmended.values()), by)
        content = {
            "event": "vulnerabilities-imported",
            "unproven": len(unmended),
            "format": row.format,
            "digest": row.digest,
            "made_at": row.made_at.isoformat() if row.made_at is not None else None,
            "named": row.found,
            "statements": len(report.statements),
            "left_out": len(report.left_out),
        }
        taken = Taken(row, looked, settled)
        _record(content, taken, by, edition, now)
    return taken


def _catalogs(report: ScannerReport, inventory: str, edition: Edition, now: datetime) -> Catalogs:
    """Return what is known of exploits: read before evidence is held up, for EPSS has some 300,000 lines.

    What can't be read of the catalogs is a gap of the next scan.
    """
    advisories = edition.plan(OPERATION).advisories
    if advisories is None:
        return Catalogs()
    named = {name for each in report.found for name in each.names}
    return read_catalogs(advisories.folder, names_in([inventory]) | named, now)


def forget(inventory: str, source: str, reason: str, *, by: Giver, edition: Edition, now: datetime) -> Taken:
    """Take back all that *source* says of *inventory*. Raises `NotPossible`, also without a reason."""
    if not reason.strip():
        raise NotPossible(Message("vulnerabilities.reason-missing"))
    with transaction.atomic():
        ledger.hold()
        reports = ImportedReport.objects.filter(inventory=inventory)
        row = reports.filter(source=source).first()
        if row is None:
            names = tuple(reports.order_by("source").values_list("source", flat=True))
            raise NotPossible(
                Message("vulnerabilities.no-such-source", source=_line(source), inventory=inventory),
                Message("vulnerabilities.known-sources", names=names),
            )
        row.statements.all().delete()
        looked, settled = _follow(row, (), now), settle([inventory], now)
        _require_manager(_closes_known(settled, now), by)
        _require_ending(bool(looked.ended), by)
        content = {
            "event": "vulnerabilities-source-forgotten",
            "unproven": len(looked.ended),
            "digest": row.digest,
            "reason": storable_text(reason.strip())[:_LONGEST_REASON],
        }
        taken = Taken(row, looked, settled)
        _record(content, taken, by, edition, now)
        reports.filter(source=source).delete()
    return taken


def _require_manager(closes: bool, by: Giver) -> None:
    """Raise `NotPossible` where an account that is no manager's would close what was found."""
    if closes and by.account is not None and by.account.operator_role != OperatorRole.MANAGER:
        raise NotPossible(Message("vulnerabilities.managers-close"))


def _require_ending(is_unmended: bool, by: Giver) -> None:
    """Raise `NotPossible` where an account that is no manager's would end what nobody has mended."""
    if is_unmended and by.account is not None and by.account.operator_role != OperatorRole.MANAGER:
        raise NotPossible(Message("vulnerabilities.managers-end"), Message("vulnerabilities.mend-or-state"))


def _unmended(ended: Sequence[Vulnerability], inventory: str) -> Mapping[Vulnerability, bool]:
    """Return those of *ended* that nothing shows to be mended, and whether they are still installed as found.

    False where the inventory has no list of packages: a report without them may have looked at nothing.
    """
    listed = {_place(each.ecosystem, each.name, each.version) for each in _listed(inventory)}
    places = {row: _place(row.ecosystem, row.package, row.version) for row in ended}
    return {row: bool(listed) for row, place in places.items() if place in listed or not listed}


def _place(ecosystem: str, name: str, version: str) -> tuple[str, str, str]:
    return ecosystem, canonical(ecosystem, name), version


def _listed(inventory: str) -> Sequence[Package]:
    found = InventoryReading.objects.filter(name=inventory).values_list("packages", flat=True).first()
    return [Package(*each) for each in found or ()]


def _closes_known(settled: SettledStatements, now: datetime) -> bool:
    """Return whether something is closed that was open before.

    A report needs no statement for that: it can take an objection back, or bring a name that is stated of.
    What is found anew is closed by what a manager has stated of it.
    """
    return any(row.first_seen < now for row, _ in settled.closed)


def _require_newer(former: ImportedReport | None, made_at: datetime | None, edition: Edition) -> None:
    """Raise `NotPossible` for a report that is older than the one it would replace."""
    if former is not None and former.made_at is not None and made_at is not None and former.made_at > made_at:
        zone = edition.bindings.system.zone
        raise NotPossible(
            Message(
                "vulnerabilities.report-older",
                source=former.source,
                made_at=made_at.astimezone(zone),
                newest=former.made_at.astimezone(zone),
            )
        )


def _follow(row: ImportedReport, found: Sequence[ReportedVulnerability], now: datetime) -> Followed:
    known = Vulnerability.objects.present().filter(inventory=row.inventory)
    names = [KnownName(each.ecosystem, each.package, each.name, each.advisories) for each in known]
    current = list(joined(found, _listed(row.inventory), names, row.at))
    installed: dict[Package, list[str]] = defaultdict(list)
    for each, name in current:
        if name:
            installed[each.package].append(name)
    return follow(InventoryLook(row.inventory, row.source, [each for each, _ in current], installed, now))


def _record(content: Mapping[str, object], taken: Taken, by: Giver, edition: Edition, now: datetime) -> None:
    plan = edition.plan(OPERATION)
    row = plan.orders[0].row.id if plan.orders else ""
    told = {
        **content,
        "inventory": taken.report.inventory,
        "source": taken.report.source,
        "found": taken.looked.found,
        "ended": len(taken.looked.ended),
    }
    by_whom, digest = by.name[:150], edition.design.digest
    entry = ledger.Record(LedgerEntry.Kind.AUDIT, told, by_whom, row, digest)
    ledger.append(entry, *taken.settled.records(by_whom, row, digest), now=now)


def _line(text: str) -> str:
    """Return *text* as one line that fits."""
    return printable(" ".join(storable_text(text).split()))[:_LONGEST_SOURCE]
