"""`toban password NAME`: a way back in after losing a password or a second factor."""

import click

from toban.engine.approvals.identity import numbers_of_shell
from toban.engine.clock import system_clock
from toban.engine.people.first import renewed_password
from toban.engine.people.models import Operator
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message

_UNKNOWN = 2


@click.command(
    "password",
    epilog="Example: toban password admin",
)
@click.argument("name")
def command(name: str) -> None:
    """Give the account NAME a new one-time password, and let it enrol a new second factor.

    Only those who can open TOBAN_HOME (or TOBAN_STATE_URL) on this machine can use it. The audit log records
    it.

    \b
    Exit status:
      0  the new one-time password was printed
      2  there is no such account, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        _renew(name)


def _renew(name: str) -> None:
    try:
        password = renewed_password(name, system_clock(), numbers_of_shell(shell_user()))
    except Operator.DoesNotExist as exc:
        names = tuple(Operator.objects.order_by("username").values_list("username", flat=True))
        hint = Message("people.accounts-are", names=names) if names else Message("people.up-makes-the-first")
        refuse(Message("people.no-such-account", name=name), hint)
        raise SystemExit(_UNKNOWN) from exc
    say(Message("people.one-time-password", password=password))
    say(Message("people.factor-again"))
