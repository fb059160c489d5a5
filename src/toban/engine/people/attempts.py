"""Failed sign-ins, counted by all processes together. What the counts mean is in `backoff`.

An attempt is counted before its password is looked at, and taken back if it was right: many at once can't
all be tried against the same count.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

from django.db import transaction
from django.db.models import F, Q
from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from toban.engine.people.audit import address_of, record
from toban.engine.people.backoff import (
    AT_ACCOUNT,
    AT_ADDRESS,
    AT_SOURCE,
    FORGOTTEN,
    Failures,
    HeldAgainst,
    counts_of,
    network_of,
)
from toban.engine.people.models import Operator, SignInCount
from toban.engine.people.sources import source_of

_UNKNOWN = "?"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-in that was let through, and has been counted as a failure until it is taken back."""

    before: Mapping[int, Failures]
    """The counts without it, by their rows."""
    at: datetime

    def take_back(self) -> None:
        """Uncount it: the password or the code was right."""
        for pk, failures in self.before.items():
            row = SignInCount.objects.filter(pk=pk)
            # Unless another one was counted since.
            if not row.filter(last_at=self.at).update(level=failures.level, last_at=failures.last_at):
                row.filter(level__gte=1).update(level=F("level") - 1)


def at_password(request: HttpRequest, account: Operator | None, typed: str, now: datetime) -> Attempt | None:
    """Count an attempt at a password; None if it comes too early and must not be tried."""
    is_guessable = account is None or not account.must_change_password
    source = source_of(request, account, now)
    held = counts_of(_password_key(account, typed), source, is_guessable=is_guessable)
    return _counted(held, request, account.username if account else _UNKNOWN, now)


def at_factor(request: HttpRequest, account: Operator, now: datetime) -> Attempt | None:
    """Count an attempt at a code of the second factor, for those who know the password; None as above."""
    held = counts_of(_factor_key(account), source_of(request, account, now))
    return _counted([each for each in held if each.account], request, account.username, now)


def at_token(request: HttpRequest, now: datetime) -> timedelta:
    """Return how long the address must wait before another unknown token of the API is looked at."""
    row = SignInCount.objects.filter(account="", source=_token_source(request)).first()
    return _failures(row).wait(AT_ADDRESS, now) if row is not None else timedelta()


def wrong_token(request: HttpRequest, now: datetime) -> None:
    """Count a wrong token of the API at the address that it came from; the first lock-out is recorded."""
    held = HeldAgainst("", _token_source(request), AT_ADDRESS)
    with transaction.atomic():
        SignInCount.objects.filter(last_at__lte=now - FORGOTTEN).delete()
        [row] = _locked([held], now)
        more = _failures(row).one_more(AT_ADDRESS, now)
        row.level, row.last_at = more.level, more.last_at
        is_locked_out = bool(more.wait(AT_ADDRESS, now))
        if is_locked_out and not row.is_recorded:
            record("token-locked-out", _UNKNOWN, request)
        row.is_recorded = is_locked_out
        row.save()


def forgive(account: Operator, request: HttpRequest, now: datetime) -> None:
    """Forget the failures at *account* from where *request* comes from: its owner has signed in."""
    source = source_of(request, account, now)
    SignInCount.objects.filter(account__in=_keys(account), source__in=[source.name, source.address]).delete()


def lift(account: Operator) -> None:
    """Forget every failure at *account*, and those at other accounts from the same addresses."""
    own = SignInCount.objects.filter(account__in=_keys(account))
    sources = [source for source in own.values_list("source", flat=True) if source]
    SignInCount.objects.filter(account="", source__in=sources).delete()
    own.delete()


def slowed(accounts: Iterable[Operator], now: datetime) -> Collection[int]:
    """Return the keys of those *accounts* at which a sign-in from somewhere has to wait."""
    owners = {key: account.pk for account in accounts for key in _keys(account)}
    rows = SignInCount.objects.filter(account__in=owners, last_at__gt=now - FORGOTTEN)
    return {
        owners[row.account]
        for row in rows
        if _failures(row).wait(AT_SOURCE if row.source else AT_ACCOUNT, now)
    }


@transaction.atomic
def _counted(held: Sequence[HeldAgainst], request: HttpRequest, name: str, now: datetime) -> Attempt | None:
    SignInCount.objects.filter(last_at__lte=now - FORGOTTEN).delete()
    rows = [(row, against.backoff) for row, against in zip(_locked(held, now), held, strict=True)]
    waiting = [row for row, backoff in rows if _failures(row).wait(backoff, now)]
    if waiting:
        _note_lock_out(waiting, request, name)
        return None
    before = {row.pk: _failures(row) for row, _ in rows}
    for row, backoff in rows:
        more = _failures(row).one_more(backoff, now)
        row.level, row.last_at, row.is_recorded = more.level, more.last_at, False
        row.save()
    return Attempt(before, now)


def _locked(held: Sequence[HeldAgainst], now: datetime) -> Sequence[SignInCount]:
    """Return the rows of *held*, in the same order; other processes wait for them until the commit."""
    new = [SignInCount(account=each.account, source=each.source, last_at=now) for each in held]
    SignInCount.objects.bulk_create(new, ignore_conflicts=True)
    wanted = reduce(or_, (Q(account=each.account, source=each.source) for each in held))
    rows = SignInCount.objects.select_for_update().filter(wanted).order_by("account", "source")
    found = {(row.account, row.source): row for row in rows}
    return [found[each.account, each.source] for each in held]


def _note_lock_out(waiting: Sequence[SignInCount], request: HttpRequest, name: str) -> None:
    """Record a lock-out once, however often somebody tries before it ends."""
    if all(row.is_recorded for row in waiting):
        return
    SignInCount.objects.filter(pk__in=[row.pk for row in waiting]).update(is_recorded=True)
    record("sign-in-locked-out", name, request)


def _token_source(request: HttpRequest) -> str:
    return f"token {network_of(address_of(request))}"


def _failures(row: SignInCount) -> Failures:
    return Failures(row.level, row.last_at)


def _keys(account: Operator) -> Sequence[str]:
    return _password_key(account, ""), _factor_key(account)


def _password_key(account: Operator | None, typed: str) -> str:
    return _digest(f"account {account.pk}" if account else f"name {typed.casefold()}")


def _factor_key(account: Operator) -> str:
    return _digest(f"factor {account.pk}")


def _digest(text: str) -> str:
    # People also type passwords into the field of the name: the table must not hold them.
    return salted_hmac("toban.sign-in", text, algorithm="sha256").hexdigest()
