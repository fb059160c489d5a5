"""`toban approvals`: what waits for approval, what went ahead without, and who approves for whom."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

import click

from toban.engine.approvals import answering
from toban.engine.approvals.answering import AnswerOrder
from toban.engine.approvals.answers import Giver, review
from toban.engine.approvals.delegations import delegate, end_delegation
from toban.engine.approvals.holders import name_of
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, BreakGlass, Delegation
from toban.engine.approvals.port import APPROVAL_EFFECTS, ApprovalEffect
from toban.engine.approvals.rules import RequestState
from toban.engine.approvals.telling import Candidates, candidates
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.acting import account_acting
from toban.faces.cli.kept import edition_of
from toban.faces.cli.period import end as end_of
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import confirm, say, speak_utf8
from toban.faces.values.approvals import request_values
from toban.message import Message
from toban.text import printable_json

_AS = click.option("--as", "account", metavar="ACCOUNT", required=True, help="Your account in Toban.")


_REASON = click.option(
    "--reason", metavar="WORDS", required=True, help="Why, for those who look at it later."
)
_YES = click.option("--yes", is_flag=True, help="Don't ask.")


@click.group("approvals", epilog="Example: toban approvals list --format json")
def command() -> None:
    """Show and answer what waits for approval, delegate, and review what went ahead without."""


@command.command("list", epilog="Example: toban approvals list --format json")
@FORMAT
@click.pass_obj
def list_(parts: Parts, form: str) -> None:
    """Show the open requests with who may approve them now, the delegations, and what needs a review.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        edition, now = edition_of(parts), system_clock()
        asked = ApprovalRequest.objects.filter(state=RequestState.OPEN, expires_at__gt=now)
        requests = [(each, candidates(each, edition, now)) for each in asked.order_by("asked_at")]
        given = list(Delegation.objects.unended(now).order_by("ends_at"))
        broken = list(BreakGlass.objects.filter(reviewed_at=None).select_related("request").order_by("at"))
        if form == "json":
            told = {
                "open": [request_values(*each) for each in requests],
                "delegations": [_delegation_as_json(each) for each in given],
                "to_review": [_broken_as_json(each) for each in broken],
            }
            say(printable_json(told, indent=2))
            return
        lines = list(_lines(edition, requests, given, broken))
        say("\n".join(lines) or Message("approvals.nothing-waits"))


@command.command("approve", epilog="Example: toban approvals approve 12 --as alice")
@click.argument("number", type=int)
@click.option("--note", metavar="WORDS", default="", help="A remark for the evidence.")
@_AS
@_YES
@click.pass_obj
def approve_(parts: Parts, number: int, note: str, account: str, yes: bool) -> None:
    """Approve the request NUMBER, after showing exactly what it is about.

    It takes an account that holds the role now. This command asks for no password, so the evidence also names
    the user of this shell, the account's person is told, and what can't be undone is approved on the page.

    \b
    Exit status:
      0  approved
      1  not possible: not your role, your own order, changed, expired; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    _answer(parts, _Answer(answering.approve, "approvals.confirm-approve", number, note, account), yes=yes)


@command.command("refuse", epilog='Example: toban approvals refuse 12 --reason "unknown host" --as alice')
@click.argument("number", type=int)
@_REASON
@_AS
@_YES
@click.pass_obj
def refuse_(parts: Parts, number: int, reason: str, account: str, yes: bool) -> None:
    """Refuse the request NUMBER: one refusal is enough.

    \b
    Exit status:
      0  refused
      1  not possible: not your role, your own order, no longer open; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    _answer(parts, _Answer(answering.refuse, "approvals.confirm-refuse", number, reason, account), yes=yes)


@command.command("break-glass", epilog='Example: toban approvals break-glass 12 --reason "the shop is down"')
@click.argument("number", type=int)
@_REASON
@click.option("--as", "account", metavar="ACCOUNT", help="Your account in Toban.")
@_YES
@click.pass_obj
def break_glass_(parts: Parts, number: int, reason: str, account: str | None, yes: bool) -> None:
    """Go ahead with NUMBER without approval, in an emergency.

    Everybody concerned is told at once, and it deviates until another person has reviewed it.

    \b
    Exit status:
      0  it goes ahead
      1  not possible: no longer open; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    order = _Answer(answering.break_glass, "approvals.confirm-break-glass", number, reason, account)
    _answer(parts, order, yes=yes)


@command.command(
    "delegate",
    epilog='Example: toban approvals delegate "operations manager" alice --until 2026-11-25T18:00 '
    '--reason "in a meeting" --as bob',
)
@click.argument("role")
@click.argument("person")
@click.option("--for", "lasting", metavar="LENGTH", help="How long: `2 hours`, `3 days`.")
@click.option("--until", metavar="TIME", help="Until when: 2026-11-25T18:00.")
@click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
@_AS
@click.pass_obj
def delegate_(
    parts: Parts, role: str, person: str, lasting: str | None, until: str | None, reason: str, account: str
) -> None:
    """Let PERSON (a name in [people]) approve for ROLE in your place. It ends when you lose the role.

    \b
    Exit status:
      0  done
      1  not possible: no end, no reason, not your role, or nobody to delegate to
      2  nothing runs there, or the state database can't be used
    """
    now = system_clock()

    def act() -> Message:
        made = delegate(
            role, person, reason, ends_at=end_of(now, lasting, until), by=account_acting(account),
            edition=edition_of(parts), now=now, shell_user=shell_user(),
        )  # fmt: skip
        return Message("approvals.delegation-made", number=made.pk, taker=made.taker_person)

    _do(act)


@command.command("end", epilog="Example: toban approvals end 3 --as bob")
@click.argument("number", type=int)
@_AS
def end(number: int, account: str) -> None:
    """End the delegation NUMBER now.

    \b
    Exit status:
      0  done
      1  not possible: there is none, or it is not yours
      2  the state database can't be used
    """

    def act() -> Message:
        end_delegation(number, by=account_acting(account), now=system_clock(), shell_user=shell_user())
        return Message("approvals.delegation-ended", number=number)

    _do(act)


@command.command(
    "review", epilog='Example: toban approvals review 2 --words "the outage was real" --as alice'
)
@click.argument("number", type=int)
@click.option("--words", metavar="WORDS", default="", help="What you found.")
@_AS
@click.pass_obj
def review_(parts: Parts, number: int, words: str, account: str) -> None:
    """Record that you have reviewed NUMBER, which went ahead without approval: until then it deviates.

    \b
    Exit status:
      0  done
      1  not possible: there is none, or you may not review it
      2  nothing runs there, or the state database can't be used
    """

    def act() -> Message:
        by = Giver(account_acting(account), ApprovalAnswer.Via.SHELL, shell_user())
        review(number, words, by=by, edition=edition_of(parts), now=system_clock())
        return Message("approvals.reviewed", number=number)

    _do(act)


@dataclass(frozen=True, slots=True)
class _Answer:
    """An answer as the command line gives it."""

    act: Callable[[AnswerOrder, Iterable[ApprovalEffect], datetime], ApprovalRequest]
    question: str
    number: int
    note: str
    account: str | None


def _answer(parts: Parts, given: _Answer, *, yes: bool) -> None:
    def act() -> Message:
        found = ApprovalRequest.objects.filter(pk=given.number).first()
        if found is None:
            raise NotPossible(
                Message("approvals.no-such-request", number=given.number), Message("approvals.see-open")
            )
        say(found.title)
        for label, value in found.facts_said():
            say(f"  {label}: {value}")
        if not yes:
            confirm(Message(given.question, role=found.role))
        account = account_acting(given.account) if given.account is not None else None
        by = Giver(account, ApprovalAnswer.Via.SHELL, shell_user())
        # Not before the question: the role, the end and the edition count when somebody says yes.
        order = AnswerOrder(found.pk, found.digest, by, edition_of(parts), given.note)
        answered = given.act(order, parts.ports.all(APPROVAL_EFFECTS), system_clock())
        return Message(f"approvals.answered-{answered.state}", number=answered.pk)

    _do(act)


def _do(act: Callable[[], Message]) -> None:
    speak_utf8()
    with usable_state():
        say(act())


def _lines(
    edition: Edition,
    requests: list[tuple[ApprovalRequest, Candidates]],
    given: list[Delegation],
    broken: list[BreakGlass],
) -> Iterator[str]:
    zone = edition.bindings.system.zone
    for request, found in requests:
        able = [name_of(edition, each) for each in found.able]
        who = Message("approvals.able", people=able) if able else found.why_nobody
        until = Message("approvals.until", at=request.expires_at.astimezone(zone))
        yield f"◎ {request.pk}  {request.title}  {request.role}  {who}  {until}"
    for each in broken:
        what = Message("approvals.without-approval", title=each.request.title)
        yield f"■ {each.pk}  {what}  {each.by}: {each.reason}"
    for made in given:
        until = Message("approvals.until", at=made.ends_at.astimezone(zone))
        yield f"→ {made.pk}  {made.role}  {made.giver_person} → {made.taker_person}  {until}  {made.reason}"


def _delegation_as_json(made: Delegation) -> dict[str, object]:
    return {
        "delegation": made.pk,
        "role": made.role,
        "from": made.giver_person,
        "to": made.taker_person,
        "until": made.ends_at.isoformat(),
        "reason": made.reason,
    }


def _broken_as_json(broken: BreakGlass) -> dict[str, object]:
    return {
        "number": broken.pk,
        "subject": broken.request.subject,
        "part": broken.request.part,
        "by": broken.by,
        "at": broken.at.isoformat(),
        "reason": broken.reason,
    }
