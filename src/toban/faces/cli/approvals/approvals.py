"""`toban approvals`: what waits for approval, what went ahead without, and who approves for whom."""

import getpass
import json
from collections.abc import Callable, Iterator

import click

from toban.engine.approvals.answers import Giver, account_named, review
from toban.engine.approvals.delegations import delegate, end_delegation
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, BreakGlass, Delegation
from toban.engine.approvals.rules import RequestState
from toban.engine.approvals.telling import Candidates, candidates
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.period import end as end_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.approvals import request_values
from toban.message import Message

_AS = click.option("--as", "account", metavar="ACCOUNT", required=True, help="Your account in Toban.")


@click.group("approvals", epilog="Example: toban approvals list --format json")
def command() -> None:
    """Show what waits for approval, delegate approvals, and review what went ahead without."""


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
            say(json.dumps(told, ensure_ascii=False, indent=2))
            return
        lines = list(_lines(edition, requests, given, broken))
        say("\n".join(lines) or Message("approvals.nothing-waits"))


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
            role, person, reason, ends_at=end_of(now, lasting, until), by=account_named(account),
            edition=edition_of(parts), now=now,
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
        end_delegation(number, by=account_named(account), now=system_clock())
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
        by = Giver(account_named(account), ApprovalAnswer.Via.SHELL, getpass.getuser())
        review(number, words, by=by, edition=edition_of(parts), now=system_clock())
        return Message("approvals.reviewed", number=number)

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
        who = Message("approvals.able", people=found.able) if found.able else found.why_nobody
        until = Message("approvals.until", at=request.expires_at.astimezone(zone))
        yield f"◎ {request.title}  {request.role}  {who}  {until}"
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
