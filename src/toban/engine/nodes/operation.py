"""The alerts about processes that are gone, or have another key or another edition than the rest."""

from datetime import datetime

from toban.design.clauses.base import Clause
from toban.design.clauses.notices import NotificationRule
from toban.engine.editions.edition import Edition
from toban.engine.nodes.models import all_nodes
from toban.engine.nodes.rules import ALARMING, NodeFinding, NodeTrouble, findings
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.routing.routing import orderer
from toban.engine.notify.signal import Condition, Signal
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.message import NOTHING, Message

_KEY = "toban/node/"


def report(edition: Edition, now: datetime) -> None:
    """Raise an alert for each finding that calls for somebody, and end those that are over."""
    found = {_key(each): each for each in findings(all_nodes(), now) if each.trouble in ALARMING}
    known = Alert.objects.filter(resolved_at=None, key__startswith=_KEY).values_list("key", flat=True)
    clause = orderer(edition.design.of(NotificationRule))
    keys = sorted({*found, *known})
    if keys and clause is not None:
        signals = [_signal(key, found.get(key), clause, now) for key in keys]
        alerts.report(signals, now, edition.design.digest)


def _key(finding: NodeFinding) -> str:
    return f"{_KEY}{finding.trouble}/{finding.node}"


def _signal(key: str, finding: NodeFinding | None, clause: Clause, now: datetime) -> Signal:
    trouble, _, node = key.removeprefix(_KEY).partition("/")
    return Signal(
        key=key,
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=Condition.OK if finding is None else Condition.WARNING,
        subject=Message("nodes.node", node=node) if node else Message("nodes.nodes"),
        value=Message("nodes.right-again") if finding is None else finding.said,
        limit=Message(f"nodes.limit-{NodeTrouble(trouble)}"),
        began_at=now,
        detected_at=now,
        advice=NOTHING if finding is None else finding.hint,
        labels={"host": node.partition("/")[0]} if node else {},
    )


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift((EditionLoop("nodes", report, every=5.0, leads=True),))


OPERATION = Operation(plan=_plan, shift=_shift)
