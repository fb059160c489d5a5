"""Ways in for whoever stands at the machine itself: the first administrator, and a lost password."""

import secrets
from datetime import datetime

from allauth.mfa.models import Authenticator
from django.db import transaction

from toban.engine.people.audit import record
from toban.engine.people.models import FeedToken, Operator, OperatorRole

NAME = "admin"

# Without letters and digits that are taken for one another when read off a terminal (l 1 I, O 0).
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "23456789"
_MACHINE = "toban"


def one_time_password() -> str:
    """Return a random password (over 100 bits) with letters, digits and symbols, in groups that can be read.

    It satisfies any rule that a document is likely to set for length and kinds of characters.
    """
    groups = ["".join(secrets.choice(_LETTERS + _DIGITS) for _ in range(4)) for _ in range(4)]
    return "-".join([*groups, secrets.choice(_LETTERS) + secrets.choice(_DIGITS)])


def give_password(operator: Operator, now: datetime) -> str:
    """Give *operator*, which the caller saves, a one-time password to be changed at once, and return it.

    What was opened in the account's name elsewhere, its calendar feed, ends with the old password.
    """
    if operator.pk:
        FeedToken.objects.filter(operator=operator).delete()
    password = one_time_password()
    operator.set_password(password)
    operator.must_change_password = True
    operator.password_changed_at = now
    return password


@transaction.atomic
def first_administrator(now: datetime) -> str | None:
    """Create the account `admin` where there is no account yet, and return its one-time password.

    Returns None when there is one: the password is told once and kept nowhere. It must be changed at the
    first sign-in.
    """
    if Operator.objects.exists():
        return None
    operator = Operator(username=NAME, operator_role=OperatorRole.MANAGER)
    password = give_password(operator, now)
    operator.save()
    record("operator-added", _MACHINE, operator=NAME, role=OperatorRole.MANAGER.value)
    return password


@transaction.atomic
def renewed_password(name: str, now: datetime) -> str:
    """Give the account *name* a new one-time password, let it enrol its second factor anew, and return it.

    For whoever lost theirs and has nobody who could help from the page. The account becomes active, open
    sessions of it end. Raises `Operator.DoesNotExist`.
    """
    operator = Operator.objects.select_for_update().get(username=name)
    password = give_password(operator, now)
    operator.is_active = True
    operator.save()
    Authenticator.objects.filter(user=operator).delete()
    record("password-reset", _MACHINE, operator=name)
    return password
