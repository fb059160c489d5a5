"""Live through three days of a story of the demo, and print what the state then says, as JSON.

A program of its own: runs have threads, and the tests' state in memory can't be shared among them.
"""

import json
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import partial
from os import environ
from zoneinfo import ZoneInfo

import django

django.setup()

import structlog  # noqa: E402
from django.conf import settings  # noqa: E402
from django.db.models import Count  # noqa: E402

from toban.chapters.incident.models import Incident  # noqa: E402
from toban.chapters.monitoring.bindings import MONITORING  # noqa: E402
from toban.chapters.monitoring.limits import limits_of  # noqa: E402
from toban.chapters.monitoring.measuring.feeds import series_of  # noqa: E402
from toban.chapters.monitoring.replaying.past import hours_of, readings  # noqa: E402
from toban.chapters.monitoring.replaying.replay import replayed  # noqa: E402
from toban.design.clauses.monitoring import Monitor  # noqa: E402
from toban.design.values.metric import Metric  # noqa: E402
from toban.engine.editions.edition import Edition  # noqa: E402
from toban.engine.evidence import ledger  # noqa: E402
from toban.engine.evidence.models import LedgerEntry  # noqa: E402
from toban.engine.exceptions.models import RowException  # noqa: E402
from toban.engine.notify.models import Alert  # noqa: E402
from toban.engine.people.first import added_account  # noqa: E402
from toban.engine.people.models import OperatorRole  # noqa: E402
from toban.engine.reports import monthly  # noqa: E402
from toban.engine.reports.month import ReportMonth  # noqa: E402
from toban.engine.runs.models import Run  # noqa: E402
from toban.engine.tasks.models import SignOff  # noqa: E402
from toban.engine.telemetry.store import Telemetry  # noqa: E402
from toban.faces.cli.supervision.worker import keep_connections  # noqa: E402
from toban.faces.demo.acting import PlayedParts, StoryClock  # noqa: E402
from toban.faces.demo.month import Month  # noqa: E402
from toban.faces.demo.people import DEVELOPER  # noqa: E402
from toban.faces.demo.story import Story, Trouble  # noqa: E402

START = datetime(2026, 11, 4, tzinfo=ZoneInfo("Asia/Tokyo"))
"""A Wednesday."""
DAYS = [START.date() + timedelta(days=each) for each in range(3)]


def trouble(metric: Metric, instance: str, hour: int, minutes: int, value: float) -> Trouble:
    start = START + timedelta(hours=hour, minutes=20)
    return Trouble(metric, (instance,), start, start + timedelta(minutes=minutes), value)


STORY = Story(
    seed=7,
    start=START,
    end=START + timedelta(hours=66),
    troubles=(
        trouble(Metric.UP, "api-1/products", 7, 6, 0.0),
        trouble(Metric.RESPONSE_TIME, "api-1", 14, 10, 640.0),
    ),
    failing={("B004", DAYS[0]): 1, ("B002", DAYS[0]): 9},
    unsigned=frozenset((DAYS[0],)),
    handed_on=DAYS[1],
    declined=DAYS[2],
    excepted=DAYS[1],
)


def live(telemetry: Telemetry) -> tuple[Edition, list[date]]:
    """Live through the story as `toban demo` does."""
    keep_connections()
    telemetry.ensure_schema()
    clock = StoryClock(STORY.start, STORY.end)
    parts = PlayedParts(settings.PARTS.modules, story=STORY, clock=clock)
    with ledger.made_up("demo"), closing(Month(parts, telemetry)) as month:
        edition = month.begin()
        added_account("admin", OperatorRole.MANAGER, clock())
        added_account(DEVELOPER, OperatorRole.DEVELOPER, clock())
        return edition, list(month.days())


def opened() -> Mapping[str, Sequence[Sequence[str]]]:
    """Return when alerts of monitors were opened and resolved, by row and instance."""
    found: dict[str, list[list[str]]] = {}
    for each in Alert.objects.filter(key__startswith="monitoring/monitor/").order_by("opened_at"):
        found.setdefault(each.key, []).append([str(each.opened_at), str(each.resolved_at)])
    return found


def rehearsed(edition: Edition, telemetry: Telemetry) -> Mapping[str, Sequence[Sequence[str]]]:
    """Return the same as `toban plan --days` computes it from the stored samples."""
    found: dict[str, list[list[str]]] = {}
    for row in edition.design.of(Monitor):
        limits = limits_of(row, MONITORING.of(edition.bindings))
        where = telemetry, limits.metric, series_of(row)
        for instance, hours in (hours_of(*where, STORY.start, STORY.end) or {}).items():
            for each in replayed(instance, limits, hours, partial(readings, *where, instance)):
                ends = [str(at and at.astimezone(UTC)) for at in (each.opened_at, each.resolved_at)]
                found.setdefault(f"{row.id}/{instance}", []).append(ends)
    return found


def ended(work: str) -> list[tuple[str, int]]:
    """Return how each run of *work* ended, and after how many attempts."""
    runs = Run.objects.filter(work=work).order_by("due_at").annotate(tried=Count("attempts"))
    return list(runs.values_list("state", "tried"))


def told(edition: Edition, telemetry: Telemetry) -> Mapping[str, object]:
    month = ReportMonth(START.date().replace(day=1), edition.bindings.system.zone, STORY.end)
    made = monthly.make(edition, settings.PARTS, month)
    incidents = Incident.objects.order_by("pk")
    flips = LedgerEntry.objects.filter(clause_id="monitoring/monitor/DB/CPU使用率", kind="verdict")
    return {
        "opened": opened(),
        "rehearsed": rehearsed(edition, telemetry),
        "is_whole": ledger.verify().broken is None,
        "unmarked": LedgerEntry.objects.exclude(content__made_up_by="demo").count(),
        "flips": flips.count(),
        "B002": ended("B002"),
        "B004": ended("B004"),
        "looks": ended("routine/routine/監視ダッシュボード確認"),
        "signed": list(SignOff.objects.order_by("pk").values_list("username", "is_performed")),
        "incidents": [[each.responded_by, each.closed_at is not None] for each in incidents],
        "approved": [each.reports.get(kind="final").approved_by for each in incidents],
        "excepted": [str(each.granted_at.date()) for each in RowException.objects.all() if each.granted_at],
        "notes": [each.code for each in made.notes],
        "reported": len(made.tables["incidents"].rows),
    }


if __name__ == "__main__":
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(50))
    with closing(Telemetry(environ["TOBAN_TELEMETRY_URL"])) as store:
        in_force, lived = live(store)
        sys.stdout.write(json.dumps({"days": [str(each) for each in lived], **told(in_force, store)}))
