"""The operation of chapter 13: every decision that can be tested is judged continuously."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from toban.chapters.decisions import report
from toban.design.clauses.decisions import Decision
from toban.engine.editions.edition import Edition
from toban.engine.operation import Declared, EditionLoop, Operation, RowAnswer, WorkerShift, Workplace
from toban.message import NOTHING, Message


@dataclass(frozen=True, slots=True)
class DecisionPlan:
    """The decisions whose words promise something testable, and the others."""

    testable: tuple[Decision, ...]
    records: tuple[Decision, ...]

    @property
    def rows(self) -> Mapping[str, RowAnswer]:
        """See `Plan`."""
        declared = Declared(Message("decisions.is-a-record"))
        return {
            **{row.id: NOTHING for row in self.testable},
            **{row.id: declared for row in self.records},
        }


def _plan(edition: Edition) -> DecisionPlan:
    found = edition.design.of(Decision)
    return DecisionPlan(
        tuple(row for row in found if row.subject is not None),
        tuple(row for row in found if row.subject is None),
    )


def _shift(at: Workplace) -> WorkerShift:
    def judge(edition: Edition, now: datetime) -> None:
        report.tell(edition.plan(OPERATION).testable, at.ports, edition, now)

    return WorkerShift([EditionLoop("decisions", judge, every=15.0, leads=True)])


OPERATION = Operation(plan=_plan, shift=_shift)
