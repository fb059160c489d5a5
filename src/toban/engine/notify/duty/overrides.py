"""Deputies: set and ended by people, audited, and used wherever somebody asks who is on duty."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q

from toban.design.reader import Design
from toban.engine.bindings.model import Bindings
from toban.engine.clock import system_clock
from toban.engine.evidence import ledger
from toban.engine.notify.duty.roster import Override, Roster, holding, rosters
from toban.engine.notify.models import DutyOverride
from toban.engine.notify.orders import audit, checked_end, look_again, require_future, written
from toban.engine.notify.routing.contacts import Contacts
from toban.engine.orders import NotPossible
from toban.engine.people.access import who_set_password
from toban.engine.people.models import Operator
from toban.engine.state.question import NOW, Question
from toban.message import NOTHING, Message

FOREVER = timedelta(days=36_500)
"""A span for queries about the whole future."""
_COUNTS = Q(lockouts=None) | Q(account__is_active=True, account__lockouts=F("lockouts"))


def between(start: datetime, end: datetime) -> list[Override]:
    """Return the overrides that are active at some moment from *start* (included) to *end* (excluded)."""
    found = DutyOverride.objects.filter(starts_at__lt=end, ends_at__gt=start)
    return [_override(each) for each in found.order_by("starts_at", "pk")]


def standing(now: datetime) -> list[Override]:
    """Return the overrides that hold at *now*: not those of accounts that are gone or locked out since."""
    found = DutyOverride.objects.holding(now).filter(_COUNTS)
    return [_override(each) for each in found.order_by("starts_at", "pk")]


def unended(now: datetime) -> list[Override]:
    """Return the overrides that hold at *now* or later: not those of accounts that are locked out since."""
    found = DutyOverride.objects.unended(now).filter(_COUNTS)
    return [_override(each) for each in found.order_by("starts_at", "pk")]


def _override(found: DutyOverride) -> Override:
    return Override(
        found.pk,
        found.role,
        found.person,
        found.author,
        found.reason,
        found.starts_at,
        found.ends_at,
        tuple(found.makers),
    )


def override(
    role: str,
    person: str,
    reason: str,
    *,
    starts_at: datetime,
    ends_at: datetime | None,
    by: str,
    now: datetime,
    design: Design,
    bindings: Bindings,
) -> DutyOverride:
    """Make *person* hold *role* from *starts_at* to *ends_at*, or raise `NotPossible`.

    They hold it now at the earliest: who was on duty before stays as it was.
    """
    roster = _roster(role, rosters(design, bindings.duty))
    if person not in bindings.people:
        raise NotPossible(
            Message("notify.person-not-bound", person=person),
            Message(
                "notify.bind-or-choose-person",
                file=bindings.file,
                section=f'[people."{person}"]',
                known=tuple(bindings.people) or ("—",),
            ),
        )
    end = checked_end(starts_at, ends_at, reason)
    with transaction.atomic():
        now = ledger.turn(now)
        require_future(end, now)
        made = _authored(by)
        made.role, made.person, made.reason = roster.role, person, reason.strip()
        made.starts_at, made.ends_at = max(starts_at, now), end
        made.save()
        look_again()
        content = {
            "order": "duty-override",
            "override": made.pk,
            "role": made.role,
            "person": made.person,
            "reason": made.reason,
            "from": written(made.starts_at),
            "until": written(made.ends_at),
        }
        audit(content, by, now, roster.clause.id if roster.clause is not None else "")
    return made


def _authored(by: str) -> DutyOverride:
    """Return a new override of *by*, with what is known of who that is."""
    account = Operator.objects.filter(username=by).first()
    if account is None:
        return DutyOverride(author=by)
    makers = list(who_set_password(account, system_clock()))
    return DutyOverride(author=by, account=account, lockouts=account.lockouts, makers=makers)


def end_override(number: int, *, by: str, now: datetime) -> DutyOverride:
    """End an override now, or cancel it; the normal turns apply again."""
    with transaction.atomic():
        now = ledger.turn(now)
        found = DutyOverride.objects.select_for_update().unended(now).filter(pk=number).first()
        if found is None:
            raise NotPossible(
                Message("notify.no-such-override", override=number), Message("notify.see-overrides")
            )
        _end(found, by, now)
    return found


_LOST = Question(lambda: DutyOverride.objects.unended(NOW).exclude(_COUNTS).values_list("pk"))


def end_lost(now: datetime) -> None:
    """End the overrides of accounts that are gone or locked out since: they don't revive later."""
    for (number,) in _LOST.rows(now=now):
        with transaction.atomic():
            now = ledger.turn(now)
            lost = DutyOverride.objects.unended(now).exclude(_COUNTS)
            found = DutyOverride.objects.select_for_update().filter(pk__in=lost, pk=number).first()
            if found is not None:
                _end(found, "toban", now, Message("notify.author-locked-out", who=found.author))


def _end(found: DutyOverride, by: str, now: datetime, why: Message = NOTHING) -> None:
    found.starts_at, found.ends_at = min(found.starts_at, now), now
    found.save(update_fields=["starts_at", "ends_at"])
    look_again()
    content = {"order": "end-duty-override", "override": found.pk, "role": found.role}
    audit({**content, **({"note": why.as_json()} if why else {})}, by, now)


def with_those_on_duty(design: Design, contacts: Contacts, now: datetime) -> Contacts:
    """Return *contacts* with the people who are on duty at *now* in roles that have turns or deputies."""
    known = rosters(design, contacts.duty)
    given = standing(now) if known else []
    held = {
        roster.role: holding(roster, given, now, contacts.calendar).people
        for roster in known
        if roster.layers or any(each.role == roster.role for each in given)
    }
    return replace(contacts, on_duty=held)


def _roster(role: str, known: Sequence[Roster]) -> Roster:
    found = next((each for each in known if each.role == role), None)
    if found is None:
        roles = [each.role for each in known] or ["—"]
        raise NotPossible(
            Message("notify.no-such-role", role=role), Message("notify.choose-role", roles=roles)
        )
    return found
