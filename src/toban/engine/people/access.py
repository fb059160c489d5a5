"""Who may do what, and what an account must do first."""

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import wraps

from django.core.exceptions import PermissionDenied
from django.db.models import Max, Q
from django.http import HttpRequest, HttpResponseBase

from toban.engine.clock import system_clock
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.people.passwords import rules_in_force
from toban.engine.people.rules import BEHIND_FOR, AccountState, Hurdle, hurdle

type View = Callable[..., HttpResponseBase]

ORDERING = (OperatorRole.DEVELOPER, OperatorRole.MANAGER)
"""Roles that may give orders about runs and alerts; a viewer only reads."""


def require_role(*roles: OperatorRole) -> Callable[[View], View]:
    """Admit only signed-in operators with one of *roles*; others get 403 and the reason."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
            user = request.user
            if not isinstance(user, Operator) or user.operator_role not in roles:
                raise PermissionDenied(", ".join(roles))
            return view(request, *args, **kwargs)

        guarded.__dict__["roles"] = roles
        return guarded

    return decorate


def may_open(user: object, view: Callable[..., object]) -> bool:
    """Return whether *view* admits *user*: one with `require_role` not everybody, every other all."""
    roles = getattr(view, "roles", None)
    return roles is None or (isinstance(user, Operator) and user.operator_role in roles)


def may_order(user: object) -> bool:
    """Return whether *user* may give orders."""
    return isinstance(user, Operator) and user.operator_role in ORDERING


def require_unchanged(user: Operator) -> None:
    """Raise `PermissionDenied` if *user* was locked, locked out or given another role since it was read."""
    same = Operator.objects.filter(pk=user.pk, is_active=True, lockouts=user.lockouts)
    if not same.filter(operator_role=user.operator_role).exists():
        raise PermissionDenied(user.username)


def who_set_password(account: Operator, at: datetime) -> Sequence[int]:
    """Return the accounts of whoever gave *account* its password, as long as it may be they who use it.

    Nobody, if it had a second factor before: it has been asked for at every sign-in since.
    """
    from allauth.mfa.models import Authenticator  # noqa: PLC0415 - its models need Django ready

    set_at, numbers = account.password_set_at, account.password_setters
    if set_at is None or not numbers:
        return ()
    until = own_from(account)
    if until is not None and at >= until:
        return ()
    codes = Authenticator.objects.filter(user=account, type=Authenticator.Type.TOTP, created_at__lt=set_at)
    return () if codes.exists() else tuple(numbers)


def own_from(account: Operator) -> datetime | None:
    """Return when *account*, which was given a password, becomes its owner's alone; None: not known yet.

    Whoever gave it may have made tokens of the API before: as long as one counts, it may be they who use it.
    """
    until = signing_in_until(account)
    if until is None:
        return None
    made = account.api_tokens.filter(made_meanwhile(account), lockouts=account.lockouts)
    return max(until, made.aggregate(last=Max("ends_at"))["last"] or until)


def made_meanwhile(account: Operator) -> Q:
    """Return what selects, by `made_at`, what whoever gave *account* its password may have made as it."""
    until = signing_in_until(account)
    return Q(made_at__gte=account.password_set_at) & (Q(made_at__lt=until) if until is not None else Q())


def signing_in_until(account: Operator) -> datetime | None:
    """Return until when whoever gave *account* its password may be signing in with it, unnoticed.

    None as long as its owner has not been told that a new password was chosen with it: see docs/adr/0046.
    """
    told_at = account.password_told_at if account.password_set_at is not None else None
    return told_at + BEHIND_FOR if told_at is not None else None


def setting_password(account: Operator, now: datetime) -> Sequence[int]:
    """Return the accounts that are behind it if *account* gives somebody a password, or a role."""
    return (account.pk, *who_set_password(account, now))


def hurdle_before(user: Operator) -> Hurdle | None:
    """Return what *user* must do first, according to the document in force."""
    from allauth.mfa.utils import is_mfa_enabled  # noqa: PLC0415 - its models need Django ready

    account = AccountState(
        must_change_password=user.must_change_password,
        password_changed_at=user.password_changed_at,
        has_second_factor=is_mfa_enabled(user),
    )
    return hurdle(account, rules_in_force(), system_clock())
