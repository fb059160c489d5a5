"""What runs on a day: the chart, the batches, and the runs themselves."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta, tzinfo
from urllib.parse import urlencode

from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from toban.engine.bindings.model import System
from toban.engine.clock import system_clock
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.models import Run
from toban.faces.document.live import LiveRow
from toban.faces.web.calendar.due_times import between
from toban.faces.web.document.today import midnight_of
from toban.faces.web.frame import Sight, frame, in_force, look
from toban.faces.web.moments import date_in
from toban.faces.web.parts import answer
from toban.faces.web.runs.charts import ChartDay, DayBar, began, length_of, planned_bars, run_bar, touches
from toban.faces.web.runs.works import WorkRow, all_works, usual_lengths
from toban.faces.words import verdicts as words
from toban.faces.words.runs import RunStatus, standing
from toban.message import Message, listing

_LONGEST_RUN = timedelta(days=2)
"""A run that was due longer ago is not drawn on a day."""
_MOST = 1000
"""Runs of a day that are drawn and listed: those due last."""
_PER_PAGE = 100
_MOST_PLANNED = 300
_DAY = timedelta(days=1)

STANDINGS = tuple(each for each in RunStatus if each is not RunStatus.PLANNED)


@dataclass(frozen=True, slots=True)
class Lane:
    """A work's line in the day's chart."""

    row: WorkRow
    bars: tuple[DayBar, ...]
    said: Message
    """The same as text, for readers who can't see the chart."""


@dataclass(frozen=True, slots=True)
class ListedBatch:
    """A batch in the list."""

    row: WorkRow
    live: LiveRow | None
    """The status of its row of the document."""

    @property
    def is_bound(self) -> bool:
        """Whether anything runs it."""
        return self.live is None or self.live.verdict != Verdict.UNBOUND


@dataclass(frozen=True, slots=True)
class BatchChoice:
    """What the address asks for."""

    day: date
    is_today: bool
    state: str
    q: str

    @property
    def query(self) -> str:
        """The query of the address; it leaves out today, so that an open page moves on to the next day."""
        day = "" if self.is_today else self.day.isoformat()
        asked = {"day": day, "state": self.state, "q": self.q}
        return urlencode({name: value for name, value in asked.items() if value})


@require_safe
def batches(request: HttpRequest) -> HttpResponse:
    """Show what runs on a day; `?day=`, `?state=`, `?q=` and `?page=` choose."""
    edition, now = in_force(), system_clock()
    system = edition.bindings.system
    choice = _choice(request, now.astimezone(system.zone).date())
    day = day_of(choice.day, system)
    works = [row for row in all_works(edition) if choice.q.casefold() in row.label.casefold()]
    runs = [run for run in _runs_of(works, day, now) if choice.state in ("", standing(run))]
    sight = look(edition, now)
    usual = usual_lengths([row.key for row in works])
    listed = [
        ListedBatch(
            replace(row, usual=usual.get(row.key)), sight.rows.get(row.clause.id if row.clause else "")
        )
        for row in works
    ]
    context = {
        "now": now,
        "zone": system.zone,
        "choice": choice,
        "before": replace(choice, day=choice.day - _DAY, is_today=False),
        "after": replace(choice, day=choice.day + _DAY, is_today=False),
        "standings": STANDINGS,
        "hours": range(0, 24, 3),
        "now_at": day.place(now) if day.holds(now) else None,
        "lanes": list(_lanes(works, runs, day, sight, is_whole=not choice.state)),
        "batches": [each for each in listed if each.row.is_batch],
        "others": [each for each in listed if not each.row.is_batch],
        "page": Paginator(runs, _PER_PAGE).get_page(request.GET.get("page")),
        "query": choice.query,
        "labels": {row.key: row.label for row in works},
        "most": _MOST if len(runs) == _MOST else None,
    }
    pages = "batch/batches.html", "batch/_batches.html"
    return answer(request, *pages, context, lambda: frame(sight, "batches"))


def day_of(day: date, system: System) -> ChartDay:
    """Return *day* in the zone of *system*."""
    return ChartDay(midnight_of(day, system.zone), midnight_of(day + _DAY, system.zone))


def _choice(request: HttpRequest, today: date) -> BatchChoice:
    day = date_in(request.GET.get("day", "")) or today
    return BatchChoice(day, day == today, request.GET.get("state", ""), request.GET.get("q", "").strip())


def _runs_of(works: Sequence[WorkRow], day: ChartDay, now: datetime) -> list[Run]:
    """Return the runs that touch *day*, newest first; one query."""
    # By work and due time, like the index.
    due = {"due_at__gte": day.start - _LONGEST_RUN, "due_at__lt": day.end}
    found = Run.objects.filter(work__in=[row.key for row in works], **due).defer("parameters")
    touching = [run for run in found.order_by("-due_at", "-pk")[:_MOST] if touches(run, day, now)]
    return sorted(touching, key=lambda run: (began(run), run.pk), reverse=True)


def _lanes(
    works: Sequence[WorkRow], runs: Sequence[Run], day: ChartDay, sight: Sight, *, is_whole: bool
) -> Iterator[Lane]:
    """Yield a line for each work that runs or ran; planned runs are included only if *is_whole*."""
    by_work: Mapping[str, list[Run]] = {row.key: [] for row in works}
    for run in runs:
        by_work[run.work].append(run)
    for row in works:
        done = by_work[row.key][::-1]
        titles = [run_title(run, sight.now, sight.zone) for run in done]
        bars = [run_bar(run, day, sight.now, title) for run, title in zip(done, titles, strict=True)]
        planned, said = _planned(row, done, day, sight) if is_whole else ([], "")
        if bars or planned or (row.is_running and is_whole):
            yield Lane(row, (*bars, *planned), listing([*titles, said] if said else titles))


def run_title(run: Run, now: datetime, zone: tzinfo) -> str:
    """Return a run as one line: when it began, its state, how long it took."""
    stands, length = standing(run), length_of(run)
    clock = words.clock(began(run), now, zone)
    took = f" {words.took(length)}" if length is not None else ""
    return f"{clock} {stands.mark} {stands.word}{took}"


def _planned(row: WorkRow, runs: Sequence[Run], day: ChartDay, sight: Sight) -> tuple[list[DayBar], str]:
    """Return the runs of *row* that are still to come on *day*, drawn and as text."""
    start = max(day.start, sight.now)
    if not row.is_running or start >= day.end:
        return [], ""
    taken = {run.due_at for run in runs}
    if row.schedules:
        due = between(row.schedules, sight.edition.bindings.system, start, day.end)
    else:
        due = [row.next_due] if row.next_due is not None and day.holds(row.next_due) else []
    coming = [moment for moment in due if moment not in taken]
    shown = [
        (moment, f"{words.clock(moment, sight.now, sight.zone)} {_('予定')}")
        for moment in coming[:_MOST_PLANNED]
    ]
    said = _("%(count)d回の予定") % {"count": len(coming)} if coming else ""
    return planned_bars(shown, day, reverse("batch", args=[row.key])), said
