"""All that a run wrote: from the state database, and where that holds the beginning only, from the store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db.models import Count

from toban.engine.runs.models import Run
from toban.engine.runs.runner import MOST_LINES
from toban.engine.telemetry.output import OutputLine

_PAGE = 5_000


class OutputReader(Protocol):
    """Where the store is asked; `store.Telemetry` is one."""

    def output(self, run: int, *, after: tuple[int, int] = (0, 0), limit: int) -> list[OutputLine]:
        """Return up to *limit* lines of *run* after a fence and number; raise `StoreUnavailable`."""


@dataclass(frozen=True, slots=True)
class Written:
    """A line, when it was written and in which step."""

    at: datetime
    step: str
    text: str


def whole_log(run: Run, store: OutputReader | None) -> Iterator[Written]:
    """Yield all lines of *run*, as far as the store still has what the state database left out.

    Raises `StoreUnavailable` where the store is needed and does not answer; without a *store*, the state
    database's lines are all there is.
    """
    is_cut = any(count > MOST_LINES for count in _lines_by_claim(run))
    first = store.output(run.pk, limit=_PAGE) if store is not None and is_cut else []
    if store is None or not first:
        for at, step, text in run.log.order_by("pk").values_list("at", "step", "text").iterator():
            yield Written(at, step, text)
        return
    page = first
    while page:
        yield from (Written(line.at, line.step, line.text) for line in page)
        page = store.output(run.pk, after=(page[-1].fence, page[-1].number), limit=_PAGE)


def _lines_by_claim(run: Run) -> Iterator[int]:
    yield from run.log.values("fence").annotate(lines=Count("pk")).values_list("lines", flat=True)
