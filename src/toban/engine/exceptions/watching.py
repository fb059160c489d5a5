"""What happens to exceptions by themselves: they are asked for again, end, and are announced. Audited."""

from collections.abc import Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

from toban.design.clauses.base import Clause
from toban.engine.approvals.holders import people_of
from toban.engine.approvals.requests import close, is_current, live_request
from toban.engine.approvals.rules import RequestState
from toban.engine.editions.edition import Edition
from toban.engine.evidence import current, ledger
from toban.engine.evidence.verdict import FIRING
from toban.engine.exceptions.bindings import EXCEPTIONS
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.service import ask_approval, ended
from toban.engine.notify import alerts
from toban.engine.notify.models import Alert
from toban.engine.notify.signal import Condition, Signal
from toban.message import NOTHING, Message

_REMEMBERED = timedelta(days=90)
"""How long after its end a deviation is said to be one that had been allowed."""


def watch(edition: Edition, now: datetime) -> None:
    """End what must end, ask again for what must be asked again, and tell people."""
    for number in list(RowException.objects.asked().values_list("pk", flat=True)):
        _watch_asked(number, edition, now)
    for number in list(RowException.objects.in_force(now).values_list("pk", flat=True)):
        _watch_in_force(number, edition, now)
    for number in list(RowException.objects.expired(now).values_list("pk", flat=True)):
        _expire(number, now)
    alerts.tell([*_ending_soon(edition, now)], now, edition.design.digest)
    alerts.report([*_over(edition, now)], now, edition.design.digest)


def ending_soon(edition: Edition, now: datetime) -> list[RowException]:
    """Return the exceptions in force that end soon, and that nobody asks to renew."""
    until = now + EXCEPTIONS.of(edition.bindings).remind
    found = RowException.objects.in_force(now).filter(ends_at__lte=until).order_by("ends_at", "pk")
    return [each for each in found if not each.renewals.asked().exists()]


def _watch_asked(number: int, edition: Edition, now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        found = RowException.objects.select_for_update().asked().filter(pk=number).first()
        if found is None:
            return
        request = live_request(f"exception/{found.pk}")
        if now >= found.ends_at or (request is not None and now >= request.expires_at):
            if request is not None:
                close(request, RequestState.EXPIRED, now)
            ended(found, Message("exceptions.not-answered"), "toban", now)
        elif not _is_same_row(found, edition):
            ended(found, Message("exceptions.row-changed"), "toban", now)
        elif request is None or not is_current(request, edition):
            ask_approval(found, edition, now)


def _watch_in_force(number: int, edition: Edition, now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        found = RowException.objects.select_for_update().in_force(now).filter(pk=number).first()
        if found is not None and not _is_same_row(found, edition):
            ended(found, Message("exceptions.row-changed"), "toban", now)


def _expire(number: int, now: datetime) -> None:
    with transaction.atomic():
        ledger.hold()
        found = RowException.objects.select_for_update().expired(now).filter(pk=number).first()
        if found is not None:
            ended(found, Message("exceptions.time-is-over"), "toban", now)


def _is_same_row(found: RowException, edition: Edition) -> bool:
    clause = _clause(found, edition)
    return clause is not None and clause.text == found.clause_text


def _clause(found: RowException, edition: Edition) -> Clause | None:
    return next((each for each in edition.design.clauses if each.id == found.clause_id), None)


def _ending_soon(edition: Edition, now: datetime) -> Iterator[Signal]:
    for each in ending_soon(edition, now):
        clause = _clause(each, edition)
        if clause is not None:
            at = each.ends_at.astimezone(edition.bindings.system.zone)
            value = Message("exceptions.ends-soon", at=at, reason=each.reason)
            yield _signal(each, clause, "soon", Condition.INFO, value, edition, now)


def _over(edition: Edition, now: datetime) -> Iterator[Signal]:
    """Yield a signal for each exception that is over: wrong as long as what it allowed goes on."""
    covered = {(each.clause_id, each.subject) for each in RowException.objects.in_force(now)}
    last: dict[tuple[str, str], RowException] = {}
    for each in RowException.objects.over().filter(ended_at__gt=now - _REMEMBERED).order_by("granted_at"):
        last[each.clause_id, each.subject] = each
    for key, each in last.items():
        clause = _clause(each, edition)
        if clause is not None:
            goes_on = key not in covered and _deviates(each, now)
            value = Message("exceptions.over-and-deviating") if goes_on else NOTHING
            condition = Condition.WARNING if goes_on else Condition.OK
            yield _signal(each, clause, "over", condition, value, edition, now)


def _deviates(found: RowException, now: datetime) -> bool:
    """Return whether what it allowed goes on: its row deviates, or an alert about its subject is open."""
    if not found.subject:
        status = current.status_of(found.clause_id, now)
        return status is not None and status.verdict in FIRING
    going_on = Alert.objects.filter(clause_id=found.clause_id, resolved_at=None)
    return any(found.subject in labels.values() for labels in going_on.values_list("labels", flat=True))


def _signal(
    found: RowException,
    clause: Clause,
    what: str,
    condition: Condition,
    value: Message,
    edition: Edition,
    now: datetime,
) -> Signal:
    author = people_of(edition, found.author) if found.author is not None else ()
    return Signal(
        key=f"exceptions/{found.pk}/{what}",
        clause_id=clause.id,
        citation=str(clause.origin),
        clause_text=clause.text,
        condition=condition,
        subject=Message("exceptions.exception-of", subject=found.subject or clause.text),
        value=value,
        limit=NOTHING,
        began_at=found.ended_at or now,
        detected_at=now,
        advice=Message(
            "exceptions.renew-or-mend", url=f"{settings.PUBLIC_URL.rstrip('/')}/exceptions/{found.pk}"
        ),
        labels={"item": "exception"},
        people=(*author, EXCEPTIONS.of(edition.bindings).role),
    )
