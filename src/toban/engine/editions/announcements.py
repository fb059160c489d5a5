"""Notifications about new versions of the document: to the matrix's 情報 row, else to the manager. Pure."""

import re
from collections.abc import Sequence
from datetime import datetime

from toban.design.clauses.duty import DutyRole
from toban.design.clauses.notices import NotificationRule
from toban.design.reader import Design
from toban.design.values.severity import AlertLevel
from toban.engine.editions.change import listed
from toban.engine.editions.edition import EditionRefusal
from toban.engine.notify.routing.routing import rules_for
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, Message

_MANAGER = re.compile(r"運用(責任者|管理者|マネージャ)|operations? (manager|lead)|ops manager", re.IGNORECASE)
_ASSUMED_MANAGER = "運用責任者"
_LISTED = 10
"""Differences in one notification; the page has all."""


def changed(design: Design, plan: Sequence[Message], number: int, now: datetime) -> Signal:
    """Return the event that *design* came into force and what it changes; *number* is its evidence."""
    subject = Message("engine.document-changed", document=design.document, count=len(plan))
    return _event(design, subject, listed(plan, _LISTED), Message("engine.check-the-change"), number, now)


def held(design: Design, refusal: EditionRefusal, number: int, now: datetime) -> Signal:
    """Return the event that a new version is not in force; *design* still is."""
    if refusal.approval is not None:
        subject, advice = "engine.document-needs-approval", "engine.approve-or-correct"
    elif refusal.awaits is not None:
        subject, advice = "engine.document-waits", "engine.confirm-or-correct"
    else:
        subject, advice = "engine.document-refused", "engine.correct-the-document"
    said = Message(subject, document=refusal.file)
    return _event(design, said, refusal.reason, Message(advice), number, now)


def put_back(design: Design, found: tuple[int, int], condition: Condition, now: datetime) -> Signal:
    """Return whether an older version was put back: *found* is its number, and the newest."""
    rules = design.of(NotificationRule)
    rows = rules_for(rules, AlertLevel.CRITICAL) or rules
    clause = rows[0] if rows else _manager(design)
    number, newest = found
    return Signal(
        key="document/put-back",
        clause_id=clause.id if clause is not None else "",
        citation=str(clause.origin) if clause is not None else design.document,
        clause_text=clause.text if clause is not None else "",
        condition=condition,
        subject=Message("editions.put-back", document=design.document),
        value=Message("editions.put-back-number", number=number)
        if condition is Condition.CRITICAL
        else Message("editions.put-back-is-over", number=number),
        limit=Message("editions.newest-number", number=newest),
        began_at=now,
        detected_at=now,
        advice=Message("editions.put-back-advice"),
        labels={"item": "document"},
        people=() if rows else (managing_role(design),),
    )


def managing_role(design: Design) -> str:
    """Return the operations manager, by the document's own word."""
    manager = _manager(design)
    return manager.role if manager is not None else _ASSUMED_MANAGER


def _manager(design: Design) -> DutyRole | None:
    return next((each for each in design.of(DutyRole) if _MANAGER.search(each.role)), None)


def _event(
    design: Design, subject: Message, value: Message, advice: Message, number: int, now: datetime
) -> Signal:
    rows = rules_for(design.of(NotificationRule), AlertLevel.INFO)
    clause = rows[0] if rows else _manager(design)
    people = () if rows else (managing_role(design),)
    return Signal(
        key=f"document/{number}",
        clause_id=clause.id if clause is not None else "",
        citation=str(clause.origin) if clause is not None else design.document,
        clause_text=clause.text if clause is not None else "",
        condition=Condition.INFO,
        subject=subject,
        value=value,
        limit=NOTHING,
        began_at=now,
        detected_at=now,
        advice=advice,
        labels={"item": "document"},
        people=people,
    )
