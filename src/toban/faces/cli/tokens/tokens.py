"""`toban tokens`: access of programs to the API."""

import re
from datetime import datetime, timedelta

import click

from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.models import Operator
from toban.engine.registry.parts import Parts
from toban.engine.tokens import service
from toban.engine.tokens.models import ApiToken
from toban.engine.tokens.rules import WantedToken
from toban.faces.cli.period import moment
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.tokens import token_line, token_values
from toban.message import Message
from toban.text import printable_json

_DATE = re.compile(r"\d{4}-\d\d-\d\d")


@click.group("tokens")
def command() -> None:
    """Give programs access to the API, list who has it, and take it away."""
    speak_utf8()


@command.command(
    "create",
    short_help="Make a token, and print it this once.",
    epilog="Example: toban tokens create --name ci --scope read:alerts --until 2027-03-31 --account mira",
)
@click.option("--name", required=True, metavar="NAME", help="The program that will hold it.")
@click.option("--scope", "scopes", multiple=True, metavar="SCOPE", help="What it may do; repeat it for more.")
@click.option("--until", required=True, metavar="DATE", help="Its last day, at most a year ahead, or a time.")
@click.option("--account", metavar="NAME", help="In whose name it acts. [default: your login's name]")
@click.pass_obj
def create(parts: Parts, name: str, scopes: tuple[str, ...], until: str, account: str | None) -> None:
    """Make a token for the API in the name of an account, whose role limits it.

    It is shown this once: the state database holds only its SHA-256. The audit log records it.

    \b
    Exit status:
      0  the token was printed
      1  not possible: no such account or scope, no scope, or no end within a year
      2  the state database can't be used
    """
    with usable_state():
        by, now = shell_user(), system_clock()
        operator = _account(account or by)
        wanted = WantedToken(name, scopes, _end(until))
        token = service.make(operator, wanted, tuple(parts.scopes), by=by, now=now, shell_user=by)
    say(token)


@command.command("list", short_help="List all tokens.", epilog="Example: toban tokens list --format json")
@FORMAT
def listed(form: str) -> None:
    """List the tokens of all accounts: what they may do, until when, and when they were last used.

    \b
    Exit status:
      0  listed
      2  the state database can't be used
    """
    with usable_state():
        now = system_clock()
        found = list(ApiToken.objects.select_related("operator").order_by("pk"))
        if form == "json":
            told = [token_values(each, now) for each in found]
            say(printable_json(told, indent=2))
        else:
            say("\n".join(token_line(each, now) for each in found) or Message("tokens.none"))


@command.command("revoke", short_help="End a token for good.", epilog="Example: toban tokens revoke 3")
@click.argument("token", type=click.IntRange(1, 2**63 - 1))
def revoke(token: int) -> None:
    """End the token with the number TOKEN, for good. The audit log records it.

    \b
    Exit status:
      0  it gives no access any more
      1  there is no such token
      2  the state database can't be used
    """
    with usable_state():
        found = service.revoke(token, by=shell_user())
    say(Message("tokens.revoked", name=found.name, who=found.operator.username))


def _account(name: str) -> Operator:
    found = Operator.objects.filter(username=name, is_active=True).first()
    if found is None:
        names = tuple(
            Operator.objects.filter(is_active=True).order_by("username").values_list("username", flat=True)
        )
        hint = Message("people.accounts-are", names=names) if names else Message("people.up-makes-the-first")
        raise NotPossible(Message("people.no-such-account", name=name), hint)
    return found


def _end(written: str) -> datetime:
    """Read an end; of a date, it is the end of that day."""
    found = moment(written, "--until")
    return found + timedelta(days=1) if _DATE.fullmatch(written) else found
