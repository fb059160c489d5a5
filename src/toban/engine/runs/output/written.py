"""All output of a run: from the state database, or from the store if the database has only the beginning."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from django.db.models import Count

from toban.engine.runs.claiming.runner import MOST_LINES
from toban.engine.runs.models import Run, RunLog
from toban.engine.telemetry.output import OutputLine
from toban.message import Message, plain

KEPT = timedelta(days=90)
"""How long lines stay in the state database: as long as in the telemetry store."""

_PAGE = 5_000
_FORGOTTEN_AT_ONCE = 1_000


class OutputReader(Protocol):
    """A reader of the telemetry store, such as `store.Telemetry`."""

    def output(self, run: int, *, after: tuple[int, int] = (0, 0), limit: int) -> list[OutputLine]:
        """Return up to *limit* lines of *run* after a fence and number; raise `StoreUnavailable`."""


@dataclass(frozen=True, slots=True)
class RunLogLine:
    """A line, with the time and the step in which it was written."""

    at: datetime
    step: str
    text: Message


def whole_log(run: Run, store: OutputReader | None) -> Iterator[RunLogLine]:
    """Yield all lines of *run*, as far as the store still has those that the state database left out.

    Raises `StoreUnavailable` if the store is needed and does not answer. Without a *store*, it yields the
    state database's lines only.
    """
    is_cut = any(count > MOST_LINES for count in _lines_by_claim(run))
    first = store.output(run.pk, limit=_PAGE) if store is not None and is_cut else []
    if store is None or not first:
        for at, step, text in run.log.order_by("pk").values_list("at", "step", "text").iterator():
            yield RunLogLine(at, step, text)
        return
    page = first
    while page:
        yield from (RunLogLine(line.at, line.step, plain(line.text)) for line in page)
        page = store.output(run.pk, after=(page[-1].fence, page[-1].number), limit=_PAGE)


def forget_old(now: datetime) -> None:
    """Delete a batch of the oldest lines that are past their retention; repeated calls delete all of them.

    Lines are numbered in the order in which they were written, so the oldest are found without an index.
    """
    oldest = RunLog.objects.order_by("pk").values_list("pk", "at")[:_FORGOTTEN_AT_ONCE]
    past = [pk for pk, at in oldest if now - at > KEPT]
    if past:
        RunLog.objects.filter(pk__gte=past[0], pk__lte=past[-1], at__lt=now - KEPT).delete()


def _lines_by_claim(run: Run) -> Iterator[int]:
    yield from run.log.values("fence").annotate(lines=Count("pk")).values_list("lines", flat=True)
