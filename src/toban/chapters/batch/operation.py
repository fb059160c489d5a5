"""The operation of chapter 6: runs the batches, reports the results, and tests them before the night."""

from collections.abc import Collection, Iterator, Mapping
from datetime import datetime
from functools import partial

from toban.chapters.batch import service
from toban.chapters.batch.crontabs import settings as crontabs
from toban.chapters.batch.works import BatchPlan, plan
from toban.design.clauses.batch import Batch
from toban.design.finding import Finding, FindingLevel
from toban.engine.bindings.near import nearest
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.runs.kinds import BATCH_KINDS, BATCHES, Site, key_of
from toban.engine.runs.work import Work
from toban.engine.trial import Trial, TrialCode, place_of, quote_of
from toban.message import Message


def _plan(edition: Edition) -> BatchPlan:
    return plan(edition.design, edition.bindings, edition.kinds)


def _tell(edition: Edition, now: datetime) -> None:
    service.tell(edition.plan(OPERATION), now, edition.design.digest)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("batch-status", _tell, every=2.0)])


def _rowless(edition: Edition) -> Iterator[Finding]:
    """Yield a finding for every bound batch that will not run, with the reason."""
    design, bindings, batches = edition.design, edition.bindings, edition.plan(OPERATION)
    rows = _rows(edition)
    for key, bound in BATCHES.of(bindings).items():
        if key in batches.works:
            continue
        unread = design.unread_of(key)
        if key in rows:
            reason, hint = batches.unbound[rows[key].id], Message("batch.correct-table-or-row")
        elif unread is not None:
            citation, row = f"{design.document}:{unread.line}", " ".join(unread.text.split())
            reason = Message("batch.row-is-unreadable", citation=citation, reason=unread.reason)
            hint = Message("batch.correct-row", row=row)
        else:
            reason, hint = Message("batch.not-in-document", document=design.document), _name_of_row(key, rows)
        origin, quote = place_of(bindings, "batches", key), quote_of("batches", key, bound)
        message = Message("batch.of-batch", batch=_named(key), reason=reason)
        yield Finding(TrialCode.NO_ROW, FindingLevel.ERROR, origin, message, quote, hint)


def _name_of_row(key: str, rows: Collection[str]) -> Message:
    near = nearest(key, rows)
    if near:
        return Message("batch.did-you-mean", name=near)
    return (
        Message("batch.write-batch-id", known=tuple(sorted(rows))) if rows else Message("batch.no-batch-ids")
    )


def _named(key: str) -> Message:
    return Message("batch.named", key=key)


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    bindings, rows = edition.bindings, _rows(edition)
    for key, bound in BATCHES.of(bindings).items():
        if key in rows:
            kind = edition.kinds.of(BATCH_KINDS)[bound.kind]
            site = Site(rows[key], edition.design, bindings, edition.kinds)
            yield Trial(
                TrialCode.BATCH,
                _named(key),
                place_of(bindings, "batches", key),
                quote_of("batches", key, bound),
                partial(kind.doubts, bound.config, site),
                Message("batch.check-bindings"),
            )


def _all_trials(edition: Edition, now: datetime) -> Iterator[Trial]:
    yield from _trials(edition, now)
    yield from crontabs.trials(edition)


def _rows(edition: Edition) -> dict[str, Batch]:
    """Return the rows by their keys; the first of two with the same key."""
    return {key_of(batch): batch for batch in reversed(edition.design.of(Batch))}


def _works(plan: BatchPlan) -> Mapping[str, Work]:
    return plan.works


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, foreseen=_rowless, trials=_all_trials)
