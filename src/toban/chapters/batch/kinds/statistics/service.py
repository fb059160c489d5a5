"""Adding up days: each day's figures are written together, and replace what an earlier run wrote."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from decimal import Decimal

from django.db import transaction
from django.db.models import Max, QuerySet

from toban.chapters.batch.database import SqlQuestion
from toban.chapters.batch.kinds.statistics import figures
from toban.chapters.batch.kinds.statistics.config import MeasuredFigure, StatisticsBatch
from toban.chapters.batch.kinds.statistics.days import NoSuchDays, StatisticsDay, days
from toban.chapters.batch.kinds.statistics.figures import NoFigure, StatisticsFigure
from toban.chapters.batch.kinds.statistics.models import DailyFigure
from toban.design.values.metric import read_metric
from toban.engine.clock import system_clock
from toban.engine.runs.kinds import Site
from toban.engine.runs.rules import RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.message import NOTHING, Message, message_of, sentences

_FEW = 1000
"""Rows to ask for: one is expected; the error says how many came instead."""


def add_up(config: StatisticsBatch, site: Site, turn: RunTurn) -> Message:
    """Add up the run's days and say what they gave."""
    zone = site.bindings.system.zone
    try:
        wanted = days(turn.parameters, turn.due_at, zone)
    except NoSuchDays as error:
        raise StepFailed(message_of(error), RunReason.NOT_RUNNABLE) from error
    key, line = site.batch.batch_id or site.batch.name, NOTHING
    kept = _kept_before(key, wanted, turn.run_id)
    if kept:
        turn.say(Message("batch.continued", done=wanted[kept - 1].date, next=wanted[kept].date))
    with _figures_of(config, site) as figures_of:
        for place, day in enumerate(wanted[kept:], start=kept):
            stop = turn.why_stop()
            if stop is not None:
                raise StepFailed(Message("batch.stopped-midway"), stop)
            so_far = Message("batch.days-so-far", day=day.date, done=f"{place:,}", count=len(wanted))
            turn.progress(100 * place / len(wanted), so_far)
            found = figures_of(day)
            _keep(key, day, found, turn.run_id)
            line = Message("batch.figures-of-day", day=day.date, figures=[each.said for each in found])
            turn.say(line)
    if len(wanted) == 1:
        return line
    gaps = _of_run(key, wanted, turn.run_id).filter(value=None).count()
    done = Message("batch.days-added-up", first=wanted[0].date, last=wanted[-1].date, count=len(wanted))
    return sentences(done, Message("batch.gaps", count=gaps))


def _kept_before(work: str, wanted: Sequence[StatisticsDay], run: int) -> int:
    """Return how many of the days, from the first on, an earlier attempt of *run* has stored.

    The figures themselves show it, so progress and figures can't disagree. A run that had stored them all and
    starts once more was ordered to be repeated: from its first day.
    """
    newest = _of_run(work, wanted, run).aggregate(newest=Max("day"))["newest"]
    kept = sum(day.date <= newest for day in wanted) if newest is not None else 0
    return kept if kept < len(wanted) else 0


def _of_run(work: str, wanted: Sequence[StatisticsDay], run: int) -> QuerySet[DailyFigure]:
    return DailyFigure.objects.filter(work=work, run=run, day__range=(wanted[0].date, wanted[-1].date))


@contextmanager
def _figures_of(
    config: StatisticsBatch, site: Site
) -> Iterator[Callable[[StatisticsDay], list[StatisticsFigure]]]:
    """Yield a function from a day to all its figures; it raises `StepFailed` if one can't be obtained."""
    zone = site.bindings.system.zone
    question = None
    if config.dsn is not None:
        question = SqlQuestion(config.dsn, config.query, zone, config.query_timeout, _FEW)
    telemetry = Telemetry(os.environ["TOBAN_TELEMETRY_URL"]) if config.measured else None

    def figures_of(day: StatisticsDay) -> list[StatisticsFigure]:
        found: list[StatisticsFigure] = []
        if question is not None:
            found += _asked(question, day, config)
        if telemetry is not None:
            found += [_measured(telemetry, each, day) for each in config.measured]
        names = [each.name for each in found]
        if len(set(names)) < len(names):
            raise StepFailed(Message("batch.figures-share-a-name", names=names))
        return found

    try:
        yield figures_of
    finally:
        if telemetry is not None:
            telemetry.close()


def _asked(question: SqlQuestion, day: StatisticsDay, config: StatisticsBatch) -> list[StatisticsFigure]:
    rows = question.ask({"start": day.start, "end": day.end, "day": day.date})
    try:
        return figures.of_row(rows, config.units)
    except NoFigure as error:
        raise StepFailed(message_of(error)) from error


def _measured(telemetry: Telemetry, wanted: MeasuredFigure, day: StatisticsDay) -> StatisticsFigure:
    metric = read_metric(wanted.metric)
    if metric is None:
        raise AssertionError("the binding was valid")
    try:
        whole = telemetry.series(metric, wanted.target, None, day.start, day.end, 1)
        parts = telemetry.series(metric, wanted.target, None, day.start, day.end, figures.pieces(day))
    except StoreUnavailable as error:
        raise StepFailed(Message("batch.telemetry-store-is-away", reason=message_of(error))) from error
    if not whole:
        return StatisticsFigure(wanted.name, None, metric.unit, 0.0)
    [point] = whole
    value = {"mean": point.mean, "min": point.low, "max": point.high}[wanted.of]
    return StatisticsFigure(wanted.name, round(Decimal(value), 6), metric.unit, figures.coverage(parts, day))


def _keep(work: str, day: StatisticsDay, found: Sequence[StatisticsFigure], run: int) -> None:
    now = system_clock()
    rows = [
        DailyFigure(
            work=work, day=day.date, name=each.name, place=place, value=each.value, unit=each.unit,
            coverage=each.coverage, run=run, computed_at=now,
        )
        for place, each in enumerate(found)
    ]  # fmt: skip
    with transaction.atomic():
        # A figure that is no longer requested must not stay next to the new ones.
        of_day = DailyFigure.objects.filter(work=work, day=day.date)
        of_day.exclude(name__in=[each.name for each in found]).delete()
        DailyFigure.objects.bulk_create(
            rows,
            update_conflicts=True,
            unique_fields=("work", "day", "name"),
            update_fields=("place", "value", "unit", "coverage", "run", "computed_at"),
        )
