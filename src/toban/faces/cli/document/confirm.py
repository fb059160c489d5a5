"""`toban confirm`: put the version of the document in force that waits for a person's confirmation."""

import click

from toban.engine.clock import system_clock
from toban.engine.editions import records
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import confirm, say, speak_utf8
from toban.message import Message, from_json


@click.command("confirm", epilog="Example: toban confirm --yes")
@click.option("--yes", is_flag=True, help="Don't ask.")
def command(*, yes: bool) -> None:
    """Confirm the new version of the document that waits in the Toban whose state TOBAN_HOME holds.

    A version waits if rows that run now would no longer run: they are gone, renamed, unreadable or no longer
    bound. These rows and all other changes are shown first. The evidence records who confirmed.

    A version that takes an approval is only shown: `toban approvals approve` answers it.

    \b
    Exit status:
      0  confirmed: the version comes into force within seconds
      1  no version waits, it takes an approval, or it was not confirmed
      2  the state database can't be used
    """
    speak_utf8()
    with usable_state():
        _confirm(yes=yes)


def _confirm(*, yes: bool) -> None:
    found = records.waiting()
    if found is None:
        raise records.nothing_waits()
    say(from_json(found.content["reason"]))
    records.require_no_approval(found)
    plan = records.plan_of(found)
    if plan:
        say(f"\n{Message('document.changes')}")
    for line in plan:
        say(f"  {line}")
    if not yes:
        confirm(Message("document.confirm-version"))
    document = str(found.content[records.WAITS])
    records.confirm(records.names(found), by=shell_user(), now=system_clock())
    say(Message("document.version-confirmed", document=document))
