"""`toban account NAME`: an account for somebody else, from the machine itself."""

import click
from django.core.exceptions import ValidationError

from toban.engine.approvals.identity import numbers_of_shell
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.people.first import added_account
from toban.engine.people.models import OperatorRole
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import say, speak_utf8
from toban.message import Message


@click.command("account", epilog="Example: toban account alice --role developer")
@click.argument("name")
@click.option(
    "--role",
    type=click.Choice([each.value for each in OperatorRole]),
    default=OperatorRole.DEVELOPER.value,
    show_default=True,
    help="A viewer reads, a developer acknowledges and runs, a manager changes.",
)
def command(name: str, role: str) -> None:
    """Create the account NAME, and print the one-time password that it must change at its first sign-in.

    Only those who can open TOBAN_HOME (or TOBAN_STATE_URL) on this machine can use it. The audit log records
    it. The page for accounts does the same.

    \b
    Exit status:
      0  the account was created, and its one-time password printed
      1  not possible: the name is taken, or no account may have it
      2  the state database can't be used
    """
    speak_utf8()
    with usable_state():
        try:
            password = added_account(name, OperatorRole(role), system_clock(), numbers_of_shell(shell_user()))
        except ValidationError as exc:
            said = Message("people.no-new-account", name=name, why=" ".join(exc.messages))
            raise NotPossible(said, Message("people.choose-a-name")) from exc
        say(Message("people.one-time-password", password=password))
