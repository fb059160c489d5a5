"""Accounts by the API: who has access to what, who leaves, and what is decided. Managers' tokens only."""

from datetime import date, datetime, time
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Schema
from pydantic import Field

from toban.chapters.accounts import leaving
from toban.chapters.accounts.leaving import Teller, ToldLeaver
from toban.chapters.accounts.models import Leaver, Suspicion
from toban.chapters.accounts.operation import OPERATION
from toban.chapters.accounts.rows.report import states
from toban.chapters.accounts.rows.shown import decided, digest_shown
from toban.chapters.accounts.seen import SeenSystem, seen
from toban.faces.api import cursors
from toban.faces.api.access import require_manager, token_of
from toban.faces.api.acting import ordered
from toban.faces.api.edition import edition_in_force
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Number, Part, Said, Text, Turn
from toban.faces.values.accounts.accounts import (
    account_values,
    claim_values,
    decision_values,
    leaver_values,
    suspicion_values,
    system_values,
    told_values,
)

router = ScopedRouter()


class ShownSystem(Schema):
    """A system with accounts, and what could not be read of it."""

    name: str
    owner: str
    is_production: bool
    looked_at: str | None
    taken_at: str | None
    trouble: Said | None
    gaps: list[Said]
    accounts: int


class ShownAccount(Schema):
    """An account; null is what its system does not say."""

    system: str
    account: str
    label: str
    holder: str
    person: str
    grants: list[str]
    is_privileged: bool
    is_locked: bool
    has_password: bool | None
    has_factor: bool | None
    password_changed_at: str | None
    oldest_key_at: str | None
    last_used_at: str | None
    first_seen: str
    shown: str
    """What a decision about it must repeat: it changes with the account's rights, owner and decisions."""


class ShownUnsure(Schema):
    """An account that is only called like a leaver."""

    system: str
    account: str


class ShownLeaver(Schema):
    """Somebody who leaves, and what is left of their accounts."""

    name: str
    leaves_at: str
    until: str
    told_at: str
    open: list[str]
    unsure: list[ShownUnsure]
    """Those of them of which nobody has said whose they are: none is locked before."""
    removed: int
    removed_late: list[str]
    removed_unproven: list[Said]
    """Those that went between two lists, one of before and one of after the end of their time."""


class ShownToldLeaver(Schema):
    """A leaver as told."""

    name: str
    accounts: list[str]
    leaves_at: str
    until: str


class ShownClaim(Schema):
    """Whether an account is a leaver's."""

    name: str
    system: str
    account: str
    is_theirs: bool


class ShownAccessDecision(Schema):
    """A decision about an account."""

    system: str
    account: str
    is_kept: bool
    by: str
    at: str


class ShownSuspicion(Schema):
    """A sign-in that somebody should look at, and what they found."""

    suspicion: int
    system: str
    account: str
    rule: str
    at: str
    said: Said
    found_at: str
    answered_at: str | None
    answered_by: str
    remark: str


class WantedSuspicionAnswer(Asked):
    """What was found about a suspicious sign-in."""

    remark: Text


class WantedLeaver(Asked):
    """Somebody who leaves."""

    name: Text
    leaves_on: date
    at: time | None = None
    """When on that day; null: as the bindings say."""
    accounts: Annotated[tuple[Text, ...], Field(max_length=50)] = ()


class WantedWithdrawal(Asked):
    """Somebody who does not leave after all."""

    name: Text


class WantedClaim(Asked):
    """Whether an account that is called like a leaver is theirs."""

    name: Text
    system: Text
    account: Text
    is_theirs: bool


class WantedDecision(Asked):
    """To keep an account, or to revoke it."""

    system: Text
    account: Text
    shown: Text
    """Of the account, as it was read."""
    is_kept: bool
    reason: Text = ""


@router.read("/account-systems", "read:accounts", Part[ShownSystem])
def systems(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the systems whose accounts are read."""
    return _part(request, turn, [system_values(each) for each in _seen(request)])


@router.read("/accounts", "read:accounts", Part[ShownAccount])
def accounts(request: HttpRequest, turn: Query[Turn], system: Text = "") -> Any:
    """List the accounts of all systems, or of one."""
    known = decided()
    found = [
        {
            **account_values(each.name, one),
            "shown": digest_shown(
                each.name, one.found, one.holder.person, known.get((each.name, one.found.name))
            ),
        }
        for each in _seen(request)
        if system in ("", each.name)
        for one in each.accounts
    ]
    return _part(request, turn, found)


@router.read("/leavers", "read:accounts", Part[ShownLeaver])
def leavers(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List those who leave."""
    require_manager(request)
    return _part(request, turn, [leaver_values(each) for each in states(edition_in_force().plan(OPERATION))])


@router.act("/leavers", "act:accounts", ShownToldLeaver)
def tell(request: HttpRequest, wanted: WantedLeaver, key: IdempotencyKey) -> Any:
    """Tell of somebody who leaves; who was told of before gets the new day."""
    require_manager(request)

    def act(_by: str, now: datetime) -> dict[str, object]:
        edition = edition_in_force()
        said = ToldLeaver(wanted.name, wanted.leaves_on, wanted.accounts, wanted.at)
        return dict(told_values(leaving.tell(said, _teller(request), edition, edition.plan(OPERATION), now)))

    return ordered(request, key, act)


@router.act("/leavers/withdraw", "act:accounts", ShownToldLeaver)
def withdraw(request: HttpRequest, wanted: WantedWithdrawal, key: IdempotencyKey) -> Any:
    """Tell that somebody does not leave after all."""
    require_manager(request)

    def act(_by: str, now: datetime) -> dict[str, object]:
        edition = edition_in_force()
        by = _teller(request)
        return dict(told_values(leaving.withdraw(wanted.name, by, edition, edition.plan(OPERATION), now)))

    return ordered(request, key, act)


@router.act("/leavers/claim", "act:accounts", ShownClaim)
def claim(request: HttpRequest, wanted: WantedClaim, key: IdempotencyKey) -> Any:
    """Tell whether an account that is called like a leaver is theirs."""
    require_manager(request)

    def act(_by: str, now: datetime) -> dict[str, object]:
        edition = edition_in_force()
        made = leaving.claim(
            wanted.name,
            wanted.system,
            wanted.account,
            is_theirs=wanted.is_theirs,
            by=_teller(request),
            edition=edition,
            plan=edition.plan(OPERATION),
            now=now,
        )
        return dict(claim_values(made))

    return ordered(request, key, act)


@router.act("/accounts/decide", "act:accounts", ShownAccessDecision)
def decide(request: HttpRequest, wanted: WantedDecision, key: IdempotencyKey) -> Any:
    """Keep an account, or revoke it; nobody decides about their own."""
    require_manager(request)

    def act(_by: str, now: datetime) -> dict[str, object]:
        edition = edition_in_force()
        made = leaving.decide(
            wanted.system,
            wanted.account,
            wanted.reason,
            shown=wanted.shown,
            is_kept=wanted.is_kept,
            by=_teller(request),
            edition=edition,
            plan=edition.plan(OPERATION),
            now=now,
        )
        return dict(decision_values(made))

    return ordered(request, key, act)


@router.read("/suspicions", "read:accounts", Part[ShownSuspicion])
def suspicions(request: HttpRequest, turn: Query[Turn], *, only_open: bool = False) -> Any:
    """List suspicious sign-ins, newest first: all, or those that nobody has answered."""
    require_manager(request)
    found = Suspicion.objects.filter(answered_at=None) if only_open else Suspicion.objects.all()
    return cursors.newest(request, turn, found, suspicion_values)


@router.act("/suspicions/{suspicion_id}/answer", "act:accounts", ShownSuspicion)
def answer(
    request: HttpRequest, suspicion_id: Number, wanted: WantedSuspicionAnswer, key: IdempotencyKey
) -> Any:
    """Record what was found about a suspicious sign-in; nobody answers about an account of their own."""
    require_manager(request)

    def act(_by: str, now: datetime) -> dict[str, object]:
        edition, by = edition_in_force(), _teller(request)
        plan = edition.plan(OPERATION)
        found = leaving.answer(suspicion_id, wanted.remark, by=by, edition=edition, plan=plan, now=now)
        return dict(suspicion_values(found))

    return ordered(request, key, act)


def _seen(request: HttpRequest) -> list[SeenSystem]:
    require_manager(request)
    return list(seen(edition_in_force().plan(OPERATION)))


def _part(request: HttpRequest, turn: Turn, found: list[Any]) -> Any:
    """Return a part of a list by places in it: it is short, and made anew each time."""
    after = cursors.position(request, turn) or 0
    rest = list(enumerate(found, start=1))[after : after + turn.limit + 1]
    return cursors.part(request, turn, rest, lambda each: each[1], lambda each: each[0])


def _teller(request: HttpRequest) -> Teller:
    token = token_of(request)
    return Teller(token.operator.get_username(), Leaver.ToldBy.API, token.operator, token.shell_user)
