"""The operation of chapter 6: runs the batches, reports the results, and tests them before the night."""

import difflib
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial

from toban.chapters.batch import service
from toban.chapters.batch.works import BatchPlan, plan
from toban.design.clauses.batch import Batch
from toban.design.finding import Finding, FindingLevel
from toban.engine.editions.edition import Edition
from toban.engine.operation import EditionLoop, Operation, WorkerShift, Workplace
from toban.engine.runs.kinds import BATCH_KINDS, BATCHES, Site, key_of
from toban.engine.runs.work import Work
from toban.engine.trial import Trial, TrialCode, place_of, quote_of


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
            message, hint = batches.unbound[rows[key].id], "接続表のこの表か、文書のその行を直してください"
        elif unread is not None:
            message = f"{design.document}:{unread.line} の行を読めませんでした: {unread.reason}"
            hint = f"その行を直してください: {' '.join(unread.text.split())}"
        else:
            message = f"{design.document} のバッチ一覧にありません"
            near = difflib.get_close_matches(key, rows, n=1)
            choices = "、".join(f"「{each}」" for each in sorted(rows)) or "ありません"
            hint = f"「{near[0]}」ではありませんか" if near else f"文書のバッチIDで書いてください: {choices}"
        origin, quote = place_of(bindings, "batches", key), quote_of("batches", key, bound)
        yield Finding(TrialCode.NO_ROW, FindingLevel.ERROR, origin, f"バッチ {key}: {message}", quote, hint)


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    bindings, rows = edition.bindings, _rows(edition)
    for key, bound in BATCHES.of(bindings).items():
        if key in rows:
            kind = edition.kinds.of(BATCH_KINDS)[bound.kind]
            site = Site(rows[key], edition.design, bindings, edition.kinds)
            yield Trial(
                TrialCode.BATCH,
                f"バッチ {key}",
                place_of(bindings, "batches", key),
                quote_of("batches", key, bound),
                partial(kind.doubts, bound.config, site),
                "接続表の [batches] を確かめてください",
            )


def _rows(edition: Edition) -> dict[str, Batch]:
    """Return the rows by their keys; the first of two with the same key."""
    return {key_of(batch): batch for batch in reversed(edition.design.of(Batch))}


def _works(plan: BatchPlan) -> Mapping[str, Work]:
    return plan.works


OPERATION = Operation(plan=_plan, works=_works, shift=_shift, foreseen=_rowless, trials=_trials)
