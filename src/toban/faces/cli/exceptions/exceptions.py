"""`toban exceptions`: deviations that people allow for a time."""

from collections.abc import Callable
from zoneinfo import ZoneInfo

import click

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.approvals.requests import live_request
from toban.engine.clock import system_clock
from toban.engine.exceptions import service
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.rules import ExceptionState
from toban.engine.exceptions.service import ExceptionAnswer, WantedException
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.acting import account_acting
from toban.faces.cli.document.why_row import named
from toban.faces.cli.kept import edition_of
from toban.faces.cli.period import end as end_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.exceptions import exception_values
from toban.message import Message
from toban.text import printable_json

_AS = click.option("--as", "account", metavar="ACCOUNT", required=True, help="Your account in Toban.")
_FOR = click.option("--for", "lasting", metavar="LENGTH", help="How long: `2 hours`, `3 days`.")
_UNTIL = click.option("--until", metavar="TIME", help="Until when: 2026-11-25T18:00.")
_REASON = click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
_MARKS = {
    ExceptionState.ASKED: "◎",
    ExceptionState.IN_FORCE: "○",
    ExceptionState.ENDED: "–",
    ExceptionState.REJECTED: "×",
}


@click.group("exceptions", epilog="Example: toban exceptions list --format json")
def command() -> None:
    """Allow deviations from rows of the document for a time: with a reason, an approval and an end."""


@command.command("list", epilog="Example: toban exceptions list --state in-force")
@click.option(
    "--state", type=click.Choice([each.value for each in ExceptionState]), help="Only those in this state."
)
@FORMAT
@click.pass_obj
def list_(parts: Parts, state: str | None, form: str) -> None:
    """List the exceptions, newest first: the row, the subject, why, by whom and until when.

    \b
    Exit status:
      0  listed
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        zone, now = edition_of(parts).bindings.system.zone, system_clock()
        wanted = ExceptionState(state) if state is not None else None
        found = RowException.objects.in_state(wanted, now).order_by("-pk")
        if form == "json":
            told = [exception_values(each, now) for each in found]
            say(printable_json({"exceptions": told}, indent=2))
            return
        lines = [_line(each, each.state(now), zone) for each in found]
        say("\n".join(lines) or Message("exceptions.none"))


@command.command(
    "request",
    epilog='Example: toban exceptions request "DB memory" --subject db-2 --until 2026-12-24T18:00 '
    '--reason "replaced before Christmas" --as bob',
)
@click.argument("row")
@click.option("--subject", metavar="WORDS", default="", help="A host, an account, a CVE; else the whole row.")
@_FOR
@_UNTIL
@_REASON
@click.option("--hold-notices", is_flag=True, help="Also hold back notifications of what it covers.")
@_AS
@click.pass_obj
def request(
    parts: Parts,
    row: str,
    subject: str,
    lasting: str | None,
    until: str | None,
    reason: str,
    hold_notices: bool,
    account: str,
) -> None:
    """Ask for an exception from ROW: an id, a line such as `:34`, or words that only one row has.

    It covers nothing until somebody else, who holds the role, has approved it.

    \b
    Exit status:
      0  asked
      1  not possible: no such row, no end, no reason, or the account may not
      2  nothing runs there, or the state database can't be used
    """

    def act() -> Message:
        edition, now = edition_of(parts), system_clock()
        rows = named(edition.design.clauses, row)
        if len(rows) != 1:
            raise NotPossible(
                Message("exceptions.not-one-row", row=row, count=len(rows)), Message("exceptions.name-a-row")
            )
        wanted = WantedException(
            rows[0].id, reason, end_of(now, lasting, until), subject, holds_notices=hold_notices
        )
        made = service.request(
            wanted, by=account_acting(account), edition=edition, now=now, shell_user=shell_user()
        )
        return Message("exceptions.asked", number=made.pk)

    _do(act)


@command.command("grant", epilog="Example: toban exceptions grant 3 --as alice")
@click.argument("number", type=int)
@click.option("--note", metavar="WORDS", default="", help="A comment.")
@_AS
@click.pass_obj
def grant(parts: Parts, number: int, note: str, account: str) -> None:
    """Approve the requested exception NUMBER. Nobody approves their own.

    \b
    Exit status:
      0  approved
      1  not possible: it does not wait, or you may not approve it
      2  nothing runs there, or the state database can't be used
    """

    def act() -> Message:
        found = service.approve(_answer(number, note, account), edition_of(parts), system_clock())
        return Message("exceptions.granted", number=found.pk)

    _do(act)


@command.command("refuse", epilog='Example: toban exceptions refuse 3 --reason "mend it" --as alice')
@click.argument("number", type=int)
@_REASON
@_AS
@click.pass_obj
def refuse_(parts: Parts, number: int, reason: str, account: str) -> None:
    """Refuse the requested exception NUMBER.

    \b
    Exit status:
      0  refused
      1  not possible: it does not wait, no reason, or you may not
      2  nothing runs there, or the state database can't be used
    """

    def act() -> Message:
        service.refuse(_answer(number, reason, account), edition_of(parts), system_clock())
        return Message("exceptions.refused", number=number)

    _do(act)


@command.command(
    "renew", epilog='Example: toban exceptions renew 3 --for "30 days" --reason "parts are late" --as bob'
)
@click.argument("number", type=int)
@_FOR
@_UNTIL
@_REASON
@_AS
@click.pass_obj
def renew(
    parts: Parts, number: int, lasting: str | None, until: str | None, reason: str, account: str
) -> None:
    """Ask for the exception NUMBER to go on: it needs approval again, and ends again.

    \b
    Exit status:
      0  asked
      1  not possible: no such exception, no later end, no reason, or the account may not
      2  nothing runs there, or the state database can't be used
    """

    def act() -> Message:
        now = system_clock()
        ends_at = end_of(now, lasting, until)
        made = service.renew(
            number, reason, ends_at=ends_at, by=account_acting(account), edition=edition_of(parts), now=now,
            shell_user=shell_user(),
        )  # fmt: skip
        return Message("exceptions.asked", number=made.pk)

    _do(act)


@command.command("end", epilog="Example: toban exceptions end 3 --as bob")
@click.argument("number", type=int)
@_AS
@click.pass_obj
def end(parts: Parts, number: int, account: str) -> None:
    """End the exception NUMBER now, or withdraw it: its author, who grants exceptions, or a manager.

    \b
    Exit status:
      0  ended
      1  not possible: it is over, or you may not
      2  nothing runs there, or the state database can't be used
    """

    def act() -> Message:
        service.end(
            number, by=account_acting(account), edition=edition_of(parts), now=system_clock(),
            shell_user=shell_user(),
        )  # fmt: skip
        return Message("exceptions.ended", number=number)

    _do(act)


def _answer(number: int, note: str, account: str) -> ExceptionAnswer:
    asked = live_request(f"exception/{number}")
    by = Giver(account_acting(account), ApprovalAnswer.Via.SHELL, shell_user())
    return ExceptionAnswer(number, note, asked.digest if asked is not None else "", by)


def _do(act: Callable[[], Message]) -> None:
    speak_utf8()
    with usable_state():
        say(act())


def _line(found: RowException, state: ExceptionState, zone: ZoneInfo) -> str:
    until = Message("approvals.until", at=found.ends_at.astimezone(zone))
    about = f"{found.citation} {found.subject}".strip()
    return f"{_MARKS[state]} {found.pk}  {about}  {found.reason}  {found.author_name}  {until}"
