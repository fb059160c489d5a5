"""`toban tasks`: what people must do, with its facts; sign off, hand on."""

from collections.abc import Iterator

import click

from toban.engine.approvals.answers import Giver, account_named
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.engine.tasks.lists import OpenTask, listed
from toban.engine.tasks.orders import TaskOrder, hand_on, sign_off
from toban.faces.cli.acting import account_acting
from toban.faces.cli.shell import shell_user
from toban.faces.cli.tasks.extras import command as order
from toban.faces.cli.tasks.extras import proposals
from toban.faces.cli.tasks.options import AS, NUMBER, do
from toban.faces.cli.tasks.swaps import command as swap
from toban.faces.values.tasks import task_values
from toban.message import Message
from toban.text import printable_json


@click.group("tasks", epilog="Example: toban tasks list --as alice")
def command() -> None:
    """Show the tasks that wait for a sign-off with their facts, sign them off, and hand them on."""


@command.command("list", epilog="Example: toban tasks list --as alice --format json")
@click.option("--as", "account", metavar="ACCOUNT", help="Only the tasks that ACCOUNT may sign off now.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def list_(parts: Parts, account: str | None, form: str) -> None:
    """Show the open tasks: until when, who may sign them off now, and the facts that a sign-off binds to.

    \b
    Exit status:
      0  shown
      1  there is no such account
      2  nothing runs there, or the state database can't be used
    """

    def act(edition: Edition) -> str:
        found = listed(edition, parts, system_clock())
        if account is not None:
            reader = account_named(account)
            found = [task for task in found if task.why_not(reader) is None]
        if form == "json":
            return printable_json([task_values(task) for task in found], indent=2)
        return "\n".join(line for task in found for line in _lines(task, edition)) or str(
            Message("tasks.nothing-waits")
        )

    do(parts, act)


@command.command("sign", epilog="Example: toban tasks sign 12 --shown 4f1c… --as alice")
@NUMBER
@click.option("--shown", metavar="DIGEST", required=True, help="What you were shown: `toban tasks list`.")
@click.option("--remark", metavar="WORDS", default="", help="What you found; required for an exception.")
@click.option("--not-performed", is_flag=True, help="It is not performed; the remark says why.")
@AS
@click.pass_obj
def sign(parts: Parts, number: int, shown: str, remark: str, not_performed: bool, account: str) -> None:
    """Sign off TASK as performed, exactly as it was shown to you. It is recorded when and under whose name.

    \b
    Exit status:
      0  done
      1  not possible: not your role, over already, something else was shown, or the remark is missing
      2  nothing runs there, or the state database can't be used
    """

    def act(edition: Edition) -> Message:
        order = _order(parts, edition, number, account)
        signed = sign_off(order, remark, shown=shown, now=system_clock(), is_performed=not not_performed)
        note: Message = signed.run.note
        return note

    do(parts, act)


@command.command("hand-on", epilog='Example: toban tasks hand-on 12 bob --reason "on the train" --as alice')
@NUMBER
@click.argument("person")
@click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
@AS
@click.pass_obj
def hand_on_(parts: Parts, number: int, person: str, reason: str, account: str) -> None:
    """Hand TASK on to PERSON, a name in [people]. Whoever holds the role takes it back the same way.

    \b
    Exit status:
      0  done
      1  not possible: not your task, no reason, or PERSON has no account
      2  nothing runs there, or the state database can't be used
    """

    def act(edition: Edition) -> Message:
        made = hand_on(_order(parts, edition, number, account), person, reason, now=system_clock())
        return Message("tasks.handed-on", number=number, person=made.taker_person)

    do(parts, act)


def _order(parts: Parts, edition: Edition, number: int, account: str) -> TaskOrder:
    by = Giver(account_acting(account), ApprovalAnswer.Via.SHELL, shell_user())
    return TaskOrder(number, by, edition, parts)


def _lines(task: OpenTask, edition: Edition) -> Iterator[str]:
    until = task.run.due_until.astimezone(edition.bindings.system.zone) if task.run.due_until else None
    mark = "◆" if task.is_late else "◎"
    who = Message("tasks.able", people=task.people.able) if task.people.able else task.people.why_nobody
    yield f"{mark} {task.run.pk}  {task.name}  {Message('tasks.until', until=until)}  {who}"
    if task.people.why_lapsed:
        yield f"    {task.people.why_lapsed}"
    for fact in task.facts:
        yield f"    {'▲' if fact.is_exception else '·'} {fact.label}: {fact.value}"
    yield f"    --shown {task.shown}"


command.add_command(order)
command.add_command(proposals)
command.add_command(swap)
