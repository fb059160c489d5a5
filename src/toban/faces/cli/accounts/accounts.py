"""`toban accounts`: who has access to which system, and who leaves."""

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import click

from toban.chapters.accounts import leaving
from toban.chapters.accounts.leaving import Teller, ToldLeaver
from toban.chapters.accounts.models import Leaver, Suspicion
from toban.chapters.accounts.operation import OPERATION
from toban.chapters.accounts.plan import AccountsPlan
from toban.chapters.accounts.rows.report import states
from toban.chapters.accounts.seen import SeenAccount, SeenSystem, seen
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.accounts.accounts import (
    account_values,
    leaver_values,
    suspicion_values,
    system_values,
)
from toban.message import Message, sentences
from toban.text import printable_json


@click.group("accounts", epilog="Example: toban accounts list --system db")
def command() -> None:
    """Show who has access to which system, and tell of those who leave."""


@command.command("list", epilog="Example: toban accounts list --privileged --format json")
@click.option("--system", default="", metavar="NAME", help="Only those of this one of [accounts].")
@click.option("--privileged", is_flag=True, help="Only those that may do everything.")
@FORMAT
@click.pass_obj
def list_(parts: Parts, system: str, privileged: bool, form: str) -> None:
    """List the accounts of all systems as they were read last.

    A system that could not be read is told before: without it, a list says nothing about that one.

    \b
    Exit status:
      0  listed, also if there are none
      1  there is no such system
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition = edition_of(parts)
        plan = edition.plan(OPERATION)
        if system:
            _must_be_bound(system, plan)
        systems = [each for each in seen(plan) if system in ("", each.name)]
        listed = [
            (each, one)
            for each in systems
            for one in each.accounts
            if one.found.is_privileged or not privileged
        ]
        if form == "json":
            values = {
                "systems": [system_values(each) for each in systems],
                "accounts": [account_values(each.name, one) for each, one in listed],
            }
            say(printable_json(values, indent=2))
            return
        now = system_clock()
        for each in systems:
            if why := each.why_unknown(plan.access.oldest, now):
                say(Message("accounts.gap-line", gap=why))
            for gap in each.gaps:
                say(Message("accounts.gap-line", gap=Message("accounts.unread", system=each.name, why=gap)))
        for each, one in listed:
            say(_line(each, one, plan.zone))


def _must_be_bound(system: str, plan: AccountsPlan) -> None:
    """Raise `NotPossible` unless *system* is bound: a misspelt one would be one without accounts."""
    names = tuple(each.name for each in plan.systems)
    if system not in names:
        raise NotPossible(
            Message("accounts.no-such-system", name=system), Message("accounts.known-systems", names=names)
        )


def _line(system: SeenSystem, each: SeenAccount, zone: ZoneInfo) -> Message:
    found = each.found
    unsaid = Message("accounts.unsaid")
    factor = (
        unsaid
        if found.has_factor is None
        else Message("accounts.factor-true" if found.has_factor else "accounts.factor-false")
    )
    return Message(
        "accounts.line",
        system=system.name,
        account=found.name,
        person=each.holder.person or "—",
        grants=list(found.grants) or "—",
        right=Message("accounts.privileged" if found.is_privileged else "accounts.plain"),
        state=Message("accounts.is-locked" if found.is_locked else "accounts.is-open"),
        factor=factor,
        used=found.last_used_at.astimezone(zone).date() if found.last_used_at is not None else unsaid,
    )


@command.command("leavers", epilog="Example: toban accounts leavers --format json")
@FORMAT
@click.pass_obj
def leavers(parts: Parts, form: str) -> None:
    """List those who leave, and which of their accounts are still there.

    \b
    Exit status:
      0  listed, also if nobody leaves
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        found = states(edition_of(parts).plan(OPERATION))
        if form == "json":
            say(printable_json([leaver_values(each) for each in found], indent=2))
            return
        for each in found:
            say(
                Message(
                    "accounts.leaver-line",
                    name=each.name,
                    at=each.leaves_at,
                    until=each.until,
                    open=list(each.open) or "—",
                )
            )
        if not found:
            say(Message("accounts.nobody-leaves"))


@command.command(
    "leave", epilog="Example: toban accounts leave tanaka --on 2026-12-28 --account tanaka@example.com"
)
@click.argument("name", required=False)
@click.option("--on", "day", type=click.DateTime(["%Y-%m-%d"]), help="The day on which they leave.")
@click.option(
    "--account", "names", multiple=True, metavar="NAME", help="An account name or address of theirs."
)
@click.option(
    "--csv",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="A file with the columns name, accounts, leaves_on.",
)
@click.pass_obj
def leave(
    parts: Parts, name: str | None, day: datetime | None, names: tuple[str, ...], file: Path | None
) -> None:
    """Tell that NAME leaves, or everybody in a CSV: their accounts are looked for at once.

    \b
    Exit status:
      0  told
      1  not possible: a day that can't be, a line that can't be read
      2  nothing runs there, the state database can't be used, or an argument is missing
    """
    speak_utf8()
    if (file is None) is (name is None) or (name is not None and day is None):
        raise click.UsageError(str(Message("accounts.name-and-day-or-csv")))
    with usable_state():
        edition, now = edition_of(parts), system_clock()
        told = list(_told(name, day.date() if day is not None else now.date(), names, file))
        via = Leaver.ToldBy.CSV if file is not None else Leaver.ToldBy.SHELL
        by = Teller(shell_user(), via, shell_user=shell_user())
        for each in leaving.tell_all(told, by, edition, edition.plan(OPERATION), now):
            zone = edition.bindings.system.zone
            say(Message("accounts.told", name=each.name, until=each.until.astimezone(zone)))


def _told(name: str | None, day: date, names: tuple[str, ...], file: Path | None) -> Iterator[ToldLeaver]:
    if file is not None:
        yield from leaving.read_leavers(file.read_text(encoding="utf-8", errors="replace"))
    elif name is not None:
        yield ToldLeaver(name, day, names)


@command.command("stay", epilog="Example: toban accounts stay tanaka")
@click.argument("name")
@click.pass_obj
def stay(parts: Parts, name: str) -> None:
    """Tell that NAME does not leave after all: what was not removed yet stays.

    \b
    Exit status:
      0  told
      1  nobody of that name leaves, or it is you
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition, by = edition_of(parts), Teller(shell_user(), Leaver.ToldBy.SHELL, shell_user=shell_user())
        leaving.withdraw(name, by, edition, edition.plan(OPERATION), system_clock())
        say(Message("accounts.stays", name=name))


@command.command("whose", epilog="Example: toban accounts whose tanaka db t.tanaka yes")
@click.argument("name")
@click.argument("system")
@click.argument("account")
@click.argument("is_theirs", type=click.Choice(["yes", "no"]))
@click.pass_obj
def whose(parts: Parts, name: str, system: str, account: str, is_theirs: str) -> None:
    """Tell whether ACCOUNT of SYSTEM, which is only called like the leaver NAME, is theirs: yes or no.

    What is theirs may be locked; what is another's is let alone.

    \b
    Exit status:
      0  told
      1  nobody asked that, or the account is yours
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition, by = edition_of(parts), Teller(shell_user(), Leaver.ToldBy.SHELL, shell_user=shell_user())
        leaving.claim(
            name,
            system,
            account,
            is_theirs=is_theirs == "yes",
            by=by,
            edition=edition,
            plan=edition.plan(OPERATION),
            now=system_clock(),
        )
        code = "accounts.change-theirs" if is_theirs == "yes" else "accounts.change-not-theirs"
        say(Message(code, leaver=name, system=system, account=account))


@command.command("suspicions", epilog="Example: toban accounts suspicions --all --format json")
@click.option("--all", "is_all", is_flag=True, help="Also those that somebody has answered.")
@FORMAT
def suspicions(is_all: bool, form: str) -> None:
    """List the sign-ins that somebody should look at, newest first; they are answered on the page.

    \b
    Exit status:
      0  listed, also if there are none
      2  the state database can't be used
    """
    speak_utf8()
    with usable_state():
        found = Suspicion.objects.all() if is_all else Suspicion.objects.filter(answered_at=None)
        listed = list(found.order_by("-at", "-pk"))
        if form == "json":
            say(printable_json([suspicion_values(each) for each in listed], indent=2))
            return
        for each in listed:
            answer = Message("accounts.answered-by", by=each.answered_by, remark=each.remark)
            said = sentences(each.said, answer) if each.answered_at is not None else each.said
            say(Message("accounts.suspicion", system=each.system, account=each.account, said=said))
        if not listed:
            say(Message("accounts.no-suspicions"))
