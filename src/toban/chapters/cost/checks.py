"""The checks that rows order (日次, 週次) as runs: bills are read anew, and what is found is evidence."""

from collections.abc import Mapping
from dataclasses import dataclass

from toban.chapters.cost.known import budget_found, known
from toban.chapters.cost.plan import CheckOrder, CostPlan
from toban.chapters.cost.rows.judging import judge
from toban.chapters.cost.taking import look
from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.clock import Clock, system_clock
from toban.engine.runs.steps.recording import record_once
from toban.engine.runs.work import RunTurn, Step, Work
from toban.message import Message, sentences


def works(
    plan: CostPlan, design: Design, bindings: Bindings, *, clock: Clock = system_clock
) -> Mapping[str, Work]:
    """Return the checks as works, by key."""
    return {
        order.key: Work(
            key=order.key,
            clause_id=order.row.id,
            document_digest=design.digest,
            acting_digest=bindings.acting_digest,
            steps=(Step("check", CheckAct(plan, order, design.digest, clock)),),
            schedule=order.schedule,
            system=bindings.system,
        )
        for order in plan.checks
    }


@dataclass(frozen=True)
class CheckAct:
    """Checks one budget."""

    plan: CostPlan
    order: CheckOrder
    document_digest: str
    clock: Clock

    def __call__(self, turn: RunTurn) -> Message:
        """Read all bills and judge the row; that costs are not known is a finding, and no failure.

        The audit log holds what was found, once for each run.
        """
        now = self.clock()
        look(self.plan, self.document_digest, now, at_once=True)
        found = judge(budget_found(known(self.plan, now), self.order.row))
        content = {"event": "costs-checked", "verdict": found.verdict.value, **found.proof}
        record_once(turn.run_id, content, now)
        return sentences(found.value, found.reason)
