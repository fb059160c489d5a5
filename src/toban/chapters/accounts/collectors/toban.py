"""Toban's own accounts; always looked at, also without a table of their own."""

from datetime import datetime

from toban.chapters.accounts.account import AccountList, FoundAccount
from toban.chapters.accounts.bindings import AccountsBinding
from toban.chapters.accounts.collector import AccountKind, AccountLock, AccountSource, AccountsUnknown
from toban.message import Message

_ACTOR = "toban"


class TobanAccounts(AccountsBinding):
    """`kind = "toban"`: to give Toban itself an owner, or a mode."""


class OwnAccounts:
    """Toban itself."""

    def read(self, now: datetime) -> AccountList:
        """See `AccountSource`."""
        # Tables are there once Django is ready; code that only reads the bindings loads none.
        from allauth.mfa.models import Authenticator  # noqa: PLC0415

        from toban.engine.people.models import Operator, OperatorRole  # noqa: PLC0415

        enrolled = set(
            Authenticator.objects.filter(type=Authenticator.Type.TOTP).values_list("user", flat=True)
        )
        accounts = [
            FoundAccount(
                name=each.username,
                label=each.email,
                grants=(each.operator_role,),
                is_privileged=each.operator_role == OperatorRole.MANAGER,
                is_locked=not each.is_active,
                has_password=True,
                has_factor=each.pk in enrolled,
                password_changed_at=each.password_changed_at,
                last_used_at=each.last_login,
            )
            for each in Operator.objects.order_by("username")
        ]
        return AccountList(accounts, now)


class OwnLock:
    """Toban itself, which may lock any of its accounts but its last manager's."""

    def lock(self, name: str) -> None:
        """See `AccountLock`."""
        from django.db import transaction  # noqa: PLC0415

        from toban.engine.people.audit import record  # noqa: PLC0415
        from toban.engine.people.first import end_access  # noqa: PLC0415
        from toban.engine.people.models import Operator, OperatorRole  # noqa: PLC0415

        with transaction.atomic():
            # All of them are held, so that of two the one lock sees the other.
            active = {
                each.username: each for each in Operator.objects.select_for_update().filter(is_active=True)
            }
            managers = {each for each, one in active.items() if one.operator_role == OperatorRole.MANAGER}
            if managers == {name}:
                raise AccountsUnknown(Message("accounts.last-privileged", account=name))
            if (each := active.get(name)) is not None:
                each.is_active = False
                end_access(each)
                each.save(update_fields=["is_active", "lockouts"])
                record("operator-locked", _ACTOR, operator=each.username)


def _open(_config: TobanAccounts) -> AccountSource:
    return OwnAccounts()


def _lock(_config: TobanAccounts) -> AccountLock:
    return OwnLock()


KIND = AccountKind(TobanAccounts, _open, _lock)
