"""In whose name a command orders."""

from functools import partial

import click
from django.core.exceptions import PermissionDenied

from toban.engine.approvals.answers import account_named
from toban.engine.evidence import ledger
from toban.engine.orders import NotPossible
from toban.engine.people.access import require_unchanged
from toban.engine.people.models import Operator
from toban.message import Message


def account_acting(name: str) -> Operator:
    """Return the active account called *name*, in whose name the command orders from now on.

    A question may be open for long, and an order waits for others: what it orders is refused if the account
    was locked, locked out or given another role by then. Raises `NotPossible`.
    """
    account = account_named(name)
    click.get_current_context().with_resource(ledger.checked(partial(_check, account)))
    return account


def _check(account: Operator) -> None:
    try:
        require_unchanged(account)
    except PermissionDenied as exc:
        said = Message("approvals.account-changed", account=account.username)
        raise NotPossible(said, Message("approvals.manager-activates")) from exc
