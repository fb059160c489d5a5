"""The operation of drift: settings are looked at, and people are shown which differ."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from toban.engine.drift.bindings import DRIFT
from toban.engine.drift.branch import doubts
from toban.engine.drift.found import DriftState, found_settings
from toban.engine.drift.looking import look
from toban.engine.editions.edition import Edition
from toban.engine.extension import Link
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.overview import EditionStatus, ToDo
from toban.engine.trial import Trial, TrialCode, place_of
from toban.message import Message


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift((EditionLoop("drift-look", look, every=10.0, leads=True),))


def _to_do(edition: Edition, seen: EditionStatus) -> Iterator[ToDo]:
    for each in found_settings(edition, seen.now):
        if each.state is DriftState.DIFFERENT:
            subject = Message(
                "drift.to-decide", what=each.setting.value.label, stated=each.stated, real=each.real
            )
            since = each.seen.since if each.seen is not None else None
            link = Link("drift", Message("drift.compare"))
            yield ToDo(subject, link, since, clause_id=each.setting.row.id)


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    bound, bindings = DRIFT.of(edition.bindings), edition.bindings
    if bound.remote is not None:
        yield Trial(
            TrialCode.DOCUMENT,
            Message("drift.trial"),
            place_of(bindings, "drift", ""),
            "[drift]",
            partial(doubts, bound),
            Message("drift.check-the-remote"),
        )


OPERATION = Operation(plan=_plan, shift=_shift, trials=_trials, to_do=_to_do)
