"""`toban tasks order`: work that no row of the document orders, once."""

import click

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.registry.parts import Parts
from toban.engine.tasks.extras.orders import WantedWork, order_once
from toban.engine.tasks.extras.proposing import proposed_rows
from toban.faces.cli.acting import account_acting
from toban.faces.cli.period import moment
from toban.faces.cli.shell import shell_user
from toban.faces.cli.tasks.options import AS, do
from toban.message import Message


@click.command("proposals", epilog="Example: toban tasks proposals")
@click.pass_obj
def proposals(parts: Parts) -> None:
    """Print a row of the document for each work that no row orders and that is done regularly.

    \b
    Exit status:
      0  printed, also if there is none
      2  nothing runs there, or the state database can't be used
    """

    def act(edition: Edition) -> str:
        found = proposed_rows(edition, system_clock())
        rows = [each.markdown(edition.design.language) for each in found]
        return "\n\n".join(rows) or str(Message("tasks.nothing-regular"))

    do(parts, act)


@click.command(
    "order",
    epilog='Example: toban tasks order "Check UPS" --owner Operator --until "2026-12-04 18:00" --as alice',
)
@click.argument("name")
@click.option("--owner", required=True, help="A role of the document, or a name in [people].")
@click.option("--until", metavar="TIME", required=True, help="Until when it is to be signed off.")
@click.option("--from", "starts", metavar="TIME", help="From when on; without it, at once.")
@click.option("--content", metavar="WORDS", default="", help="What is to be done.")
@click.option("--fact", "facts", metavar="WORDS", multiple=True, help="What the owner is shown; repeatable.")
@AS
@click.pass_obj
def command(
    parts: Parts,
    name: str,
    owner: str,
    until: str,
    starts: str | None,
    content: str,
    facts: tuple[str, ...],
    account: str,
) -> None:
    """Order the work NAME once, though no row of the document orders it. Its run says so.

    \b
    Exit status:
      0  ordered
      1  not possible: nobody with an account is the owner, or there is no such window
      2  nothing runs there, or the state database can't be used
    """
    wanted = WantedWork(
        name=name,
        owner=owner,
        until=moment(until, "--until"),
        starts_at=moment(starts, "--from") if starts is not None else None,
        content=content,
        facts=facts,
    )

    def act(edition: Edition) -> Message:
        by = Giver(account_acting(account), ApprovalAnswer.Via.SHELL, shell_user())
        return Message("tasks.was-ordered", number=order_once(wanted, by, edition, system_clock()).pk)

    do(parts, act)
