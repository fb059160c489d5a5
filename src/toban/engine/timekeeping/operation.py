"""The alerts about machines whose clock is wrong; a worker whose clock is right raises them."""

from datetime import datetime, timedelta

from toban.design.clauses.base import Clause
from toban.design.clauses.notices import NotificationRule
from toban.engine import amounts
from toban.engine.editions.edition import Edition
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.routing.routing import orderer
from toban.engine.notify.signal import Condition, Signal
from toban.engine.operation import EditionLoop, Operation, Rows, WorkerShift, Workplace
from toban.engine.timekeeping.models import WrongClock
from toban.engine.timekeeping.rules import TOLERANCE
from toban.message import NOTHING, Message

_GONE = timedelta(minutes=1)
"""A wrong clock is seen every two seconds; one unseen for so long belongs to no process any more."""

_KEY = "toban/clock/"


def report(edition: Edition, now: datetime) -> None:
    """Raise an alert for each machine whose clock is wrong, and end those that are over."""
    wrong = {each.host: each for each in WrongClock.objects.all()}
    gone = [host for host, each in wrong.items() if now - each.seen_at > _GONE]
    if gone:
        WrongClock.objects.filter(host__in=gone, seen_at__lt=now - _GONE).delete()
    known = Alert.objects.filter(resolved_at=None, key__startswith=_KEY).values_list("key", flat=True)
    hosts = {*wrong, *(key.removeprefix(_KEY) for key in known)}
    clause = orderer(edition.design.of(NotificationRule))
    if hosts and clause is not None:
        still = {host: each for host, each in wrong.items() if host not in gone}
        alerts.report(
            [_signal(host, still.get(host), clause, now) for host in hosts], now, edition.design.digest
        )


def _signal(host: str, wrong: WrongClock | None, clause: Clause, now: datetime) -> Signal:
    return Signal(
        key=f"{_KEY}{host}",
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=Condition.OK if wrong is None else Condition.WARNING,
        subject=Message("supervision.clock-of", host=host),
        value=Message("supervision.clock-is-right-again") if wrong is None else wrong.deviation,
        limit=Message("supervision.clock-tolerance", by=amounts.length(TOLERANCE)),
        began_at=now if wrong is None else wrong.since,
        detected_at=now,
        advice=NOTHING if wrong is None else Message("supervision.set-the-clock", host=host),
        labels={"host": host},
    )


def _plan(_edition: Edition) -> Rows:
    return Rows()


def _shift(_at: Workplace) -> WorkerShift:
    return WorkerShift((EditionLoop("clocks", report, every=5.0, leads=True),))


OPERATION = Operation(plan=_plan, shift=_shift)
