"""`toban tasks swap`: exchange one task for another person's; both must agree."""

from collections.abc import Callable, Iterator

import click

from toban.engine.approvals.answers import Giver, account_named
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.engine.tasks.models import Swap
from toban.engine.tasks.swaps.occurrences import upcoming
from toban.engine.tasks.swaps.orders import SwapOrder, agree, ask, asked_of, refuse, withdraw
from toban.faces.cli.acting import account_acting
from toban.faces.cli.shell import shell_user
from toban.faces.cli.tasks.options import AS, NUMBER, do
from toban.message import Message

_ACTS: dict[str, Callable[..., Swap]] = {"agree": agree, "refuse": refuse, "withdraw": withdraw}


@click.group("swap", epilog="Example: toban tasks swap list --as alice")
def command() -> None:
    """Exchange one task for another person's: one asks, the other agrees."""


@command.command("list", epilog="Example: toban tasks swap list --as alice")
@AS
@click.pass_obj
def list_(parts: Parts, account: str) -> None:
    """Show the swaps that wait for an answer, and what can be swapped in the next 31 days, with its code.

    \b
    Exit status:
      0  shown
      1  there is no such account
      2  nothing runs there, or the state database can't be used
    """
    do(parts, lambda edition: "\n".join(_lines(edition, parts, account)))


@command.command("ask", epilog='Example: toban tasks swap ask 1f2e… 9a8b… --reason "on leave" --as alice')
@click.argument("mine")
@click.argument("theirs")
@click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
@AS
@click.pass_obj
def ask_(parts: Parts, mine: str, theirs: str, reason: str, account: str) -> None:
    """Ask whoever has the task THEIRS to take MINE for it; both are codes of `toban tasks swap list`.

    \b
    Exit status:
      0  asked
      1  not possible: MINE is not yours, THEIRS is nobody else's, or there is no reason
      2  nothing runs there, or the state database can't be used
    """

    def act(edition: Edition) -> Message:
        made = ask(_order(parts, edition, account), mine, theirs, reason, system_clock())
        return Message("tasks.swap-was-asked", number=made.pk, person=made.answerer_person)

    do(parts, act)


@command.command("answer", epilog="Example: toban tasks swap answer 3 agree --as bob")
@NUMBER
@click.argument("answer", type=click.Choice(list(_ACTS)))
@AS
@click.pass_obj
def answer_(parts: Parts, number: int, answer: str, account: str) -> None:
    """Agree to the swap TASK (its number), refuse it, or withdraw what you have asked.

    \b
    Exit status:
      0  done
      1  not possible: somebody else was asked, or one of the tasks is over or another's since
      2  nothing runs there, or the state database can't be used
    """

    def act(edition: Edition) -> Message:
        made = _ACTS[answer](_order(parts, edition, account), number, system_clock())
        return Message(f"tasks.swap-is-{Swap.State(made.state)}", number=made.pk)

    do(parts, act)


def _order(parts: Parts, edition: Edition, account: str) -> SwapOrder:
    by = Giver(account_acting(account), ApprovalAnswer.Via.SHELL, shell_user())
    return SwapOrder(by, edition, parts)


def _lines(edition: Edition, parts: Parts, name: str) -> Iterator[str]:
    account, zone = account_named(name), edition.bindings.system.zone
    for swap in asked_of(account):
        yield f"⇄ {swap.pk}  {swap.asker_person} → {swap.answerer_person}  {swap.reason}"
        for leg in swap.legs.all():
            due = leg.due_at.astimezone(zone)
            yield f"    {due:%Y-%m-%d %H:%M}  {leg.name}: {leg.giver_person} → {leg.taker_person}"
    for each in upcoming(edition, parts, system_clock()):
        due = each.due_at.astimezone(zone)
        mark = "◎" if each.account == account else "·"
        yield f"{mark} {each.code}  {due:%Y-%m-%d %H:%M}  {each.name}  {each.person}"
