"""What people may order for errors: resolve, ignore, assign and reopen. All audited."""

from collections.abc import Callable
from datetime import datetime

from django.db import transaction

from toban.chapters.errors.models import ErrorGroup
from toban.chapters.errors.rules import ErrorState
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.orders import NotPossible
from toban.message import Message

_LONGEST = 150


def resolve(number: int, *, in_release: str = "", by: str, now: datetime) -> ErrorGroup:
    """Mark an error as fixed, now or in *in_release*. If it happens again after that, it is reported."""

    def change(group: ErrorGroup) -> None:
        if group.state == ErrorState.RESOLVED and group.resolved_in == in_release:
            raise NotPossible(Message("errors.resolved-already", error=number))
        group.state, group.resolved_at, group.resolved_by = ErrorState.RESOLVED, now, by
        group.resolved_in = in_release

    return _change(number, "resolve-error", change, by, now, release=in_release)


def ignore(number: int, *, by: str, now: datetime) -> ErrorGroup:
    """Stop all notifications of an error, however often it happens; it is still counted."""

    def change(group: ErrorGroup) -> None:
        if group.state == ErrorState.IGNORED:
            raise NotPossible(Message("errors.ignored-already", error=number))
        group.state = ErrorState.IGNORED

    return _change(number, "ignore-error", change, by, now)


def reopen(number: int, *, by: str, now: datetime) -> ErrorGroup:
    """Undo that an error was resolved or ignored."""

    def change(group: ErrorGroup) -> None:
        if group.state == ErrorState.OPEN:
            raise NotPossible(Message("errors.open-already", error=number))
        group.state, group.resolved_at, group.resolved_by, group.resolved_in = ErrorState.OPEN, None, "", ""

    return _change(number, "reopen-error", change, by, now)


def assign(number: int, to: str, *, by: str, now: datetime) -> ErrorGroup:
    """Assign an error to a person, or to nobody if the name is empty."""
    name = " ".join(to.split())
    if len(name) > _LONGEST:
        raise NotPossible(
            Message("errors.name-too-long", count=_LONGEST), Message("errors.choose-shorter-name")
        )

    def change(group: ErrorGroup) -> None:
        if group.assignee == name:
            raise NotPossible(Message("errors.assigned-already", error=number, name=name or "—"))
        group.assignee = name

    return _change(number, "assign-error", change, by, now, to=name)


def _change(
    number: int, order: str, change: Callable[[ErrorGroup], None], by: str, now: datetime, **more: str
) -> ErrorGroup:
    with transaction.atomic():
        ledger.hold()
        group = ErrorGroup.objects.select_for_update().filter(pk=number).first()
        if group is None:
            raise NotPossible(
                Message("errors.no-such-error", error=number), Message("errors.list-shows-numbers")
            )
        was = group.state
        change(group)
        if group.state != ErrorState.OPEN:
            # A pending notification is no longer needed.
            group.untold, group.untold_since = "", None
        group.save()
        content = {"order": order, "error": number, "title": group.title, "was": was, **more}
        ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=by), now=now)
    return group
