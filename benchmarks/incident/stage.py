"""The incident that is measured."""

import time
from collections.abc import Iterator
from datetime import timedelta

from tests.integration.chapters.incident.reports.scenery import NOON, NOWHERE, Scenery, edition_of
from tests.registered import PARTS

from toban.chapters.incident.models import IncidentAlert, IncidentReport, TimelineEntry
from toban.chapters.incident.reports import orders
from toban.chapters.incident.reports.content import ReportAudience
from toban.chapters.incident.reports.paper import pdf
from toban.chapters.incident.timeline.gathering import Gathering
from toban.chapters.incident.timeline.kinds import EntryKind
from toban.chapters.incident.timeline.reading import entries, place_of
from toban.engine.notify.models import Alert
from toban.engine.telemetry.store import Telemetry
from toban.message import plain

_SECOND = timedelta(seconds=1)


def build(alerts: int, lines: int) -> Scenery:
    """Return an incident with so many alerts, and so many lines on its timeline."""
    scenery = Scenery(edition_of())
    row = scenery.edition.design.clauses[-1]
    made = Alert.objects.bulk_create(
        Alert(
            key=f"{row.id}/{n}",
            clause_id=row.id,
            citation=str(row.origin),
            clause_text=row.text,
            subject=plain(f"web-{n} 死活"),
            condition="critical",
            value=plain("応答なし"),
            limit=plain("異常"),
            advice=plain(""),
            labels={"target": "Webサーバー", "instance": f"web-{n}"},
            began_at=NOON,
            opened_at=NOON + n * _SECOND,
            changed_at=NOON + n * _SECOND,
            acknowledged_at=NOON + (n + 60) * _SECOND,
            acknowledged_by="sato",
            resolved_at=NOON + (n + 600) * _SECOND,
        )
        for n in range(alerts)
    )
    IncidentAlert.objects.bulk_create(
        IncidentAlert(incident=scenery.incident, alert=each, joined_at=each.opened_at) for each in made
    )
    scenery.pass_(timedelta(hours=1))
    gather(scenery)
    TimelineEntry.objects.bulk_create(
        TimelineEntry(
            incident=scenery.incident,
            key=f"note/{n}",
            kind=EntryKind.NOTE,
            at=NOON + (n / 2) * _SECOND,
            said=plain(f"確認 {n}: 応答は戻っていない"),
            by="sato",
        )
        for n in range(lines - scenery.incident.timeline.count())
    )
    scenery.recover()
    return scenery


def draft(scenery: Scenery) -> IncidentReport:
    """Draft the final report."""
    scenery.now += _SECOND
    return orders.draft(
        scenery.incident.pk, IncidentReport.Kind.FINAL, scenery.desk, by=None, now=scenery.now
    )


def paper(scenery: Scenery) -> bytes:
    """Print the report."""
    return pdf(orders.draft_of(scenery.report()), ReportAudience.INTERNAL, "ja")


def gather(scenery: Scenery) -> None:
    """Do one look of the loop."""
    Gathering(Telemetry(NOWHERE), PARTS.ports).step(scenery.edition, scenery.now)


def pages(scenery: Scenery, size: int) -> Iterator[float]:
    """Read the whole timeline page by page; yield the milliseconds of each."""
    after = None
    while True:
        began = time.perf_counter()
        found = entries(scenery.incident, after, size)
        yield (time.perf_counter() - began) * 1000
        if not found:
            return
        after = place_of(found[-1])
