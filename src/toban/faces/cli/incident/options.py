"""What the commands about incidents have in common: an incident by its number, and who orders."""

from typing import TypedDict

import click

from toban.chapters.incident.models import Incident
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import IncidentOrder
from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.people.access import may_order
from toban.faces.cli.acting import account_acting
from toban.faces.cli.shell import shell_user
from toban.message import Message


class WhoWrites(TypedDict):
    """Who orders, and whose shell it is."""

    by: str
    shell_user: str


AS = click.option("--as", "account", metavar="ACCOUNT", required=True, help="Your account in Toban.")
INCIDENT = click.argument("number", type=click.IntRange(1), metavar="INCIDENT")


def found(number: int) -> Incident:
    """Return incident *number*, or raise `NotPossible`."""
    incident = Incident.objects.filter(pk=number).first()
    if incident is None:
        raise NotPossible(Message("incident.no-such-incident", number=number), Message("incident.see-open"))
    return incident


def giver_named(account: str) -> Giver:
    """Return who orders from this shell; raise `NotPossible` if the account may give no orders."""
    operator = account_acting(account)
    if not may_order(operator):
        raise NotPossible(Message("incident.viewers-only-look"), Message("modes.who-moves"))
    return Giver(operator, ApprovalAnswer.Via.SHELL, shell_user())


def shell_of(account: str) -> WhoWrites:
    """Return the same for orders that take a name; see `giver_named`."""
    by = giver_named(account)
    return {"by": by.name, "shell_user": by.shell_user}


def order_by(account: str, edition: Edition) -> IncidentOrder:
    """Return who orders under *edition*; see `giver_named`."""
    return IncidentOrder(giver_named(account), edition, edition.plan(OPERATION))
