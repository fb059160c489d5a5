"""`toban cost`: what the month has cost against the budgets of chapter 11."""

from collections.abc import Iterator

import click

from toban.chapters.cost.known import KnownCosts, known
from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.overview import BudgetLine, CostOverview, overview
from toban.chapters.cost.spending.money import shown
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.cost.month import lifecycle_values, overview_values
from toban.message import Message
from toban.text import printable_json

_MOST_SERVICES = 20


@click.command("cost", epilog="Example: toban cost --format json")
@FORMAT
@click.option("--lifecycle", is_flag=True, help="Show what the rules of each bucket would have to be.")
@click.pass_obj
def command(parts: Parts, form: str, *, lifecycle: bool) -> None:
    """Show what this month has cost: by budget, by service, and until when that is known.

    \b
    Exit status:
      0  shown, also if nothing is known
      2  nothing runs there, or the state database can't be used
    """
    speak_utf8()
    with usable_state():
        costs = known(edition_of(parts).plan(OPERATION), system_clock())
        if lifecycle:
            say(printable_json(lifecycle_values(costs), indent=2))
            return
        found = overview(costs)
        if form == "json":
            say(printable_json(overview_values(found, costs), indent=2))
            return
        for line in _lines(found, costs):
            say(line)


def _lines(found: CostOverview, costs: KnownCosts) -> Iterator[Message]:
    if not costs.bills:
        yield Message("cost.none")
        return
    for each in found.budgets:
        yield _budget(each)
    yield Message("cost.line-other", amount=shown(found.other, found.currency))
    for measure in found.measures:
        judged = measure.judged
        yield Message(
            "cost.line-budget",
            mark=judged.verdict.mark,
            item=measure.row.name,
            value=judged.value or "—",
            why=judged.reason,
        )
    for line in found.services[:_MOST_SERVICES]:
        amount = shown(line.amount, found.currency)
        yield Message("cost.line-service", service=line.service, amount=amount, item=line.item or "—")
    for tag in found.tags:
        yield Message(
            "cost.line-tag", tag=tag.tag or Message("cost.no-tag"), amount=shown(tag.amount, found.currency)
        )
    for jump in found.jumps:
        yield Message("cost.line-jump", jump=jump.said)
    for bill in costs.bills:
        newest = f"{bill.newest:%Y-%m-%d}" if bill.newest is not None else "—"
        made = bill.made_at.astimezone(costs.plan.system.zone) if bill.made_at is not None else "—"
        yield Message("cost.line-bill", bill=bill.name, newest=newest, at=made)
        if bill.trouble:
            yield Message("cost.line-trouble", bill=bill.name, why=bill.trouble)


def _budget(each: BudgetLine) -> Message:
    return Message(
        "cost.line-budget",
        mark=each.judged.verdict.mark,
        item=each.row.item,
        value=each.judged.value,
        why=each.judged.reason,
    )
