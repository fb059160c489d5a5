"""The operation of the toy: one loop that judges the rows, and a check of each file."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial
from pathlib import Path

from tests.integration.extensions.toy.extension import USAGE

from toban.design.clauses.capacity import ResourceUsage
from toban.engine.editions.edition import Edition
from toban.engine.evidence import status
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.trial import Trial, place_of
from toban.message import NOTHING, Message, plain


def _plan(edition: Edition) -> Rows:
    bound = USAGE.of(edition.bindings)
    return Rows(
        {
            row.id: NOTHING if row.resource in bound else plain(f'[usage."{row.resource}"] を書いてください')
            for row in edition.design.of(ResourceUsage)
        }
    )


def _judge(edition: Edition, now: datetime) -> None:
    bound = USAGE.of(edition.bindings)
    updates = [
        StatusUpdate(
            row.id,
            Verdict.CONFORMING,
            plain(f"{bound[row.resource].file.stat().st_size} B"),
            plain("測りました"),
            now,
        )
        for row in edition.design.of(ResourceUsage)
        if row.resource in bound
    ]
    status.show(updates, now, edition.design.digest)


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift([EditionLoop("usage", _judge, every=1.0)])


def _trials(edition: Edition, _now: datetime) -> Iterator[Trial]:
    for name, binding in USAGE.of(edition.bindings).items():
        origin = place_of(edition.bindings, "usage", name)
        yield Trial(
            "TY002",
            plain(f"使用量 {name}"),
            origin,
            f"[usage.{name}]",
            partial(_missing, binding.file),
            plain("作ってください"),
        )


def _missing(file: Path) -> list[Message]:
    return [] if file.exists() else [plain(f"{file.name} がありません")]


OPERATION = Operation(plan=_plan, shift=_shift, trials=_trials)
