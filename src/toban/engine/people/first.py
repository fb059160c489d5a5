"""The first administrator: somebody must be able to sign in to a Toban that has just been started."""

import secrets
from datetime import datetime

from toban.engine.people.models import Operator, OperatorRole

NAME = "admin"

# Without letters and digits that are taken for one another when read off a terminal (l 1 I, O 0).
_LETTERS = "abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ"
_DIGITS = "23456789"


def one_time_password() -> str:
    """Return a random password (over 100 bits) with letters, digits and symbols, in groups that can be read.

    It satisfies any rule that a document is likely to set for length and kinds of characters.
    """
    groups = ["".join(secrets.choice(_LETTERS + _DIGITS) for _ in range(4)) for _ in range(4)]
    return "-".join([*groups, secrets.choice(_LETTERS) + secrets.choice(_DIGITS)])


def first_administrator(now: datetime) -> str | None:
    """Create the account `admin` where there is no account yet, and return its one-time password.

    Returns None when there is one: the password is told once and kept nowhere. It must be changed at the
    first sign-in.
    """
    if Operator.objects.exists():
        return None
    password = one_time_password()
    Operator.objects.create_user(
        NAME,
        password=password,
        operator_role=OperatorRole.MANAGER,
        must_change_password=True,
        password_changed_at=now,
    )
    return password
