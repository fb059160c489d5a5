"""Access for people at the machine itself: the first administrator, further accounts, a lost password."""

import secrets
from collections.abc import Collection
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction

from toban.engine.people.access import who_set_password
from toban.engine.people.attempts import lift
from toban.engine.people.audit import record
from toban.engine.people.models import FeedToken, Operator, OperatorRole

NAME = "admin"

# Without letters and digits that are easily confused when read off a terminal (l 1 I, O 0).
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "23456789"
_MACHINE = "toban"
GIVEN = (
    "password",
    "must_change_password",
    "password_changed_at",
    "password_setters",
    "password_set_at",
    "password_told_at",
    "lockouts",
)
"""The fields of an account that `give_password` changes."""


def one_time_password() -> str:
    """Return a random password (over 100 bits) with letters, digits and symbols, in readable groups.

    It satisfies any rule on length and kinds of characters that a document is likely to set.
    """
    groups = ["".join(secrets.choice(_LETTERS + _DIGITS) for _ in range(4)) for _ in range(4)]
    return "-".join([*groups, secrets.choice(_LETTERS) + secrets.choice(_DIGITS)])


def end_access(operator: Operator) -> None:
    """End for good what *operator* has open: sessions, tokens of the API, the calendar's address.

    The caller saves `lockouts`.
    """
    FeedToken.objects.filter(operator=operator).delete()
    operator.lockouts += 1


def give_password(operator: Operator, now: datetime, by: Collection[int] = ()) -> str:
    """Give *operator* a one-time password that must be changed at once, and return it. The caller saves.

    *by* are the numbers of the accounts of whoever gives it: they could sign in with it themselves.
    The account's calendar feed ends with the old password, and so do its tokens of the API and what slows its
    sign-ins.
    """
    if operator.pk:
        lift(operator)
        end_access(operator)
    # A second factor that was enrolled since the first of several passwords may be the giver's own.
    if not (operator.pk and who_set_password(operator, now)):
        operator.password_set_at = now
    password = one_time_password()
    operator.set_password(password)
    operator.must_change_password = True
    operator.password_changed_at, operator.password_told_at = now, None
    operator.password_setters = sorted(by)
    return password


@transaction.atomic
def first_administrator(now: datetime) -> str | None:
    """Create the account `admin` if there is no account yet, and return its one-time password.

    Returns None if there is an account. The password is shown once and stored nowhere. It must be changed at
    the first sign-in.
    """
    if Operator.objects.exists():
        return None
    return added_account(NAME, OperatorRole.MANAGER, now)


@transaction.atomic
def added_account(name: str, role: OperatorRole, now: datetime, by: Collection[int] = ()) -> str:
    """Create the account *name* and return its one-time password, which must be changed at the first sign-in.

    Raises `ValidationError` for a name that is taken or that no account may have.
    """
    operator = Operator(username=name, operator_role=role)
    password = give_password(operator, now, by)
    operator.full_clean()
    operator.save()
    record("operator-added", _MACHINE, operator=name, role=role.value)
    return password


@transaction.atomic
def renewed_password(name: str, now: datetime, by: Collection[int] = ()) -> str:
    """Give the account *name* a new one-time password, remove its second factor, and return the password.

    It is for people who lost their password and have nobody to help them through the page. They enrol a new
    second factor. The account becomes active, and its open sessions end. Raises `Operator.DoesNotExist`.
    """
    operator = Operator.objects.select_for_update().get(username=name)
    password = give_password(operator, now, by)
    operator.is_active = True
    operator.save()
    Authenticator.objects.filter(user=operator).delete()
    record("password-reset", _MACHINE, operator=name)
    return password
