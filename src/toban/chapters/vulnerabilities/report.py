"""The status of every row that orders a scan, and the alerts about what is mended late."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import islice

from django.db import transaction
from django.db.models import Count

from toban.chapters.vulnerabilities.advisories.rating import Rating
from toban.chapters.vulnerabilities.judging import (
    FoundVulnerability,
    LastScan,
    OpenVulnerabilities,
    ScanState,
    counted,
    judge,
)
from toban.chapters.vulnerabilities.models import (
    ImportedReport,
    InventoryReading,
    Vulnerability,
    VulnerabilityScan,
)
from toban.chapters.vulnerabilities.plan import ScanOrder, ScanPlan
from toban.engine.evidence import status
from toban.engine.evidence.acts import also_shown
from toban.engine.notify import alerts
from toban.engine.notify.signal import Condition, Signal
from toban.engine.rows.judgement import Judgement
from toban.engine.rows.report import RowAlerts, condition_of, update_of
from toban.engine.runs.models import Run
from toban.engine.runs.standing import ENDED, WorkStatus, standings
from toban.message import NOTHING, Message, from_json
from toban.text import fitting_key

_ALERTS = RowAlerts(
    item="vulnerabilities",
    limit=Message("vulnerabilities.as-the-row-orders"),
    advice=Message("vulnerabilities.look-at-the-page"),
)
_LATELY = timedelta(hours=1)
"""A scan is announced this late at most: a worker that was away longer has other things to report."""
_MOST_ALERTS = 50
"""Of vulnerabilities that are mended late, the worst: each can be excepted by its name."""
_MOST_READ = 4 * _MOST_ALERTS
"""Of them: versions of one package share an alert."""


def tell(plan: ScanPlan, now: datetime, document_digest: str) -> None:
    """Show the status of every row, and report what is wrong."""
    found, last = open_now(plan, now), last_scan(plan, now)
    works = standings([each.key for each in plan.orders], now)
    judged = [(order, _judged(order, found, last, works)) for order in plan.orders]
    updates = [update_of(order.row, each, now) for order, each in judged]
    signals = [one for order, each in judged for one in _signals(order, each, plan, found.late, now)]
    # By the keys of the alerts: that of missing data is not the signal's own.
    told = {facet.key for each in signals for facet in alerts.facets(each)}
    ended = alerts.ended(_ALERTS.item, told, Message("vulnerabilities.not-there-any-more"), now)
    with transaction.atomic():
        status.show(list(also_shown(updates, plan.acts)), now, document_digest)
        alerts.report([*signals, *ended], now, document_digest)
        alerts.tell(
            [_event(order, last, found) for order in plan.orders if _is_news(last, now)], now, document_digest
        )


def open_now(plan: ScanPlan, now: datetime) -> OpenVulnerabilities:
    """Return the vulnerabilities of the inventories that are bound, counted by the database.

    This is asked every few seconds, and a large system has tens of thousands of them.
    """
    found = Vulnerability.objects.open().filter(inventory__in=[each.name for each in plan.inventories])
    counts = found.values_list("rating").annotate(Count("pk"))
    late = found.late(plan.terms.limits, now)
    worst = [
        FoundVulnerability(
            each.name,
            each.package,
            each.inventory,
            Rating(each.rating),
            each.fixed,
            each.first_seen.astimezone(plan.zone),
        )
        for each in late.worst_first()[:_MOST_READ]
    ]
    # What is not all of them is counted by itself.
    late_count = late.count() if len(worst) == _MOST_READ else len(worst)
    return OpenVulnerabilities({Rating(rating): count for rating, count in counts}, late_count, worst)


def last_scan(plan: ScanPlan, now: datetime) -> LastScan | None:
    """Return the newest scan that went through, with the gaps of reports besides; None if none did yet."""
    found = VulnerabilityScan.objects.order_by("-at", "-run").first()
    if found is None:
        return None
    looked = set(InventoryReading.objects.filter(looked_at__gte=found.at).values_list("name", flat=True))
    return LastScan(
        found.run,
        found.at.astimezone(plan.zone),
        found.packages,
        [*(from_json(gap) for gap in found.gaps), *_report_gaps(plan, now)],
        [each.name for each in plan.inventories if each.name not in looked],
    )


def _report_gaps(plan: ScanPlan, now: datetime) -> Iterator[Message]:
    """Yield what reports of others name in vain, and which of them are old."""
    oldest = plan.advisories.oldest if plan.advisories is not None else timedelta.max
    names = [each.name for each in plan.inventories]
    for row in ImportedReport.objects.filter(inventory__in=names).order_by("inventory", "source"):
        for gap in row.left_out:
            yield Message("vulnerabilities.gap-inventory", name=row.inventory, why=from_json(gap))
        if row.finds and now - row.at > oldest:
            yield Message(
                "vulnerabilities.gap-old-report",
                name=row.inventory,
                source=row.source,
                days=(now - row.at).days,
                at=row.at.astimezone(plan.zone),
            )


def _judged(
    order: ScanOrder,
    found: OpenVulnerabilities,
    last: LastScan | None,
    works: Mapping[str, WorkStatus],
) -> Judgement:
    work = works.get(order.key, WorkStatus())
    ended = work.last
    has_failed = ended is not None and ended.state != Run.State.DONE
    failure = (ended.note or ENDED[Run.State(ended.state)]) if ended is not None and has_failed else NOTHING
    was_missed = ended is not None and ended.state != Run.State.FAILED
    state = ScanState(last, found, failure, was_missed, work.next_due)
    return judge(state)


def _signals(
    order: ScanOrder, judged: Judgement, plan: ScanPlan, late: Sequence[FoundVulnerability], now: datetime
) -> Iterator[Signal]:
    condition = condition_of(judged)
    # What is late has an alert of its own each.
    if late and condition is Condition.CRITICAL:
        condition = Condition.OK
    subject = Message("vulnerabilities.subject", name=order.row.name)
    yield _ALERTS.signal(order.row, judged, now, condition=condition, subject=subject)
    # Versions of one package have one alert, as old as the oldest.
    by_key: dict[str, FoundVulnerability] = {}
    for each in late:
        by_key.setdefault(_alert_key(order, each), each)
    for key, each in islice(by_key.items(), _MOST_ALERTS):
        yield _late(order, key, each, plan, now)


def _alert_key(order: ScanOrder, each: FoundVulnerability) -> str:
    return fitting_key(f"{order.row.id}/{each.inventory}/{each.package}/{each.name}", 300)


def _late(order: ScanOrder, key: str, each: FoundVulnerability, plan: ScanPlan, now: datetime) -> Signal:
    since = each.first_seen + plan.terms.limits[each.rating]
    return Signal(
        key=key,
        clause_id=order.row.id,
        citation=str(order.row.origin),
        clause_text=order.row.text,
        condition=Condition.CRITICAL if each.rating is Rating.CRITICAL else Condition.WARNING,
        subject=Message("vulnerabilities.subject-late", name=each.name, package=each.package),
        value=Message("vulnerabilities.open-since", since=each.first_seen, inventory=each.inventory),
        limit=Message("vulnerabilities.limit-of", rating=_rating(each.rating), until=since),
        began_at=since,
        detected_at=now,
        advice=_advice(each),
        labels={"item": "vulnerabilities", "vulnerability": each.name, "target": each.inventory},
    )


def _advice(each: FoundVulnerability) -> Message:
    if each.fixed:
        return Message("vulnerabilities.update-to", package=each.package, version=each.fixed)
    return Message("vulnerabilities.no-fix-yet")


def _is_news(last: LastScan | None, now: datetime) -> bool:
    return last is not None and now - last.at < _LATELY


def _event(order: ScanOrder, last: LastScan | None, found: OpenVulnerabilities) -> Signal:
    """Return the announcement of a scan that went through."""
    if last is None:
        raise AssertionError("what was not scanned is no news")
    return Signal(
        key=f"{order.row.id}/scan/{last.run}",
        clause_id=order.row.id,
        citation=str(order.row.origin),
        clause_text=order.row.text,
        condition=Condition.INFO,
        subject=Message("vulnerabilities.subject", name=order.row.name),
        value=counted(found, is_whole=not last.gaps),
        limit=NOTHING,
        began_at=last.at,
        detected_at=last.at,
        advice=_ALERTS.advice,
        labels={"item": _ALERTS.item},
    )


def _rating(rating: Rating) -> Message:
    return Message(f"vulnerabilities.rated-{rating.value}")
