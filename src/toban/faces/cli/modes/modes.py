"""`toban modes`: what Toban does by itself, and whether it only shows, asks or acts."""

import click

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.clock import system_clock
from toban.engine.modes.rules import Mode, word
from toban.engine.modes.service import movable, move
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.acting import account_acting
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import usable_state
from toban.faces.terminal import confirm, refuse, say, speak_utf8
from toban.faces.values.modes import (
    act_named,
    act_values,
    listed_acts,
    shadow_values,
    would_have_run,
)
from toban.message import Message
from toban.text import printable_json

_REFUSED = 1
_SHOWN = 50


@click.group("modes", epilog="Example: toban modes list")
def command() -> None:
    """Show what Toban does by itself, and let it act, ask first, or only record what it would do."""
    speak_utf8()


@command.command("list", epilog="Example: toban modes list --format json")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def list_(parts: Parts, form: str) -> None:
    """Show each automatic act with its mode, and what those in shadow would have done lately.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        edition = edition_of(parts)
        zone = edition.bindings.system.zone
        acts, shadows = listed_acts(edition), would_have_run(_SHOWN)
        if form == "json":
            told = {"acts": [*map(act_values, acts)], "would_have_run": [*map(shadow_values, shadows)]}
            say(printable_json(told, indent=2))
            return
        width = max((len(each.act.subject) for each in acts), default=0)
        for each in acts:
            line = f"{each.act.subject:<{width}}  {each.word}  {each.act.title}"
            if (setting := each.setting) is not None:
                line += f"  {setting.by} {setting.at.astimezone(zone):%Y-%m-%d %H:%M} {setting.reason}"
            say(line)
        if not acts:
            say(Message("modes.no-acts"))
        for run in shadows:
            say(f"{run.due_at.astimezone(zone):%Y-%m-%d %H:%M}  {run.work}  {run.note}")


@command.command("set", epilog='Example: toban modes set schedule/B001 act --reason "compared for a week"')
@click.argument("act")
@click.argument("mode", type=click.Choice([each.value for each in Mode]))
@click.option("--reason", metavar="WORDS", required=True, help="Why, for those who look at it later.")
@click.option("--as", "account", metavar="ACCOUNT", help="Your account in Toban.")
@click.option("--yes", is_flag=True, help="Don't ask.")
@click.pass_obj
def set_(parts: Parts, act: str, mode: str, reason: str, account: str | None, yes: bool) -> None:
    """Put ACT, as listed, into MODE: shadow records only, ask waits for the row's role, act runs.

    If it can't be undone, acting without asking takes the approval of the row's role.

    \b
    Exit status:
      0  done, or the approval is asked for
      1  not possible: there is no such act, or the bindings don't allow that mode; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        try:
            edition, wanted = edition_of(parts), Mode(mode)
            listed = act_named(edition, act)
            found = listed.act
            who = account_acting(account) if account is not None else None
            by = Giver(who, ApprovalAnswer.Via.SHELL, shell_user())
            current = movable(found, wanted, reason, by)
            if not yes:
                confirm(Message("modes.confirm", act=found.title, now=word(current), mode=word(wanted)))
            asked = move(
                found, wanted, reason, shown=listed.shown, by=by, edition=edition, now=system_clock()
            )
        except NotPossible as exc:
            refuse(exc.said, exc.hint)
            raise SystemExit(_REFUSED) from exc
        if asked is None:
            say(Message("modes.moved", act=found.title, mode=word(wanted)))
        else:
            say(Message("modes.approval-asked", number=asked.pk, role=asked.role))
