"""`toban incident measures`: what keeps an incident from coming again, and whether it is done."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from toban.chapters.incident.measures import orders
from toban.chapters.incident.measures.orders import WantedMeasure, wanted_of
from toban.chapters.incident.measures.rules import MeasureState
from toban.chapters.incident.models import PreventionMeasure
from toban.engine.clock import system_clock
from toban.engine.orders import NotPossible
from toban.engine.registry.parts import Parts
from toban.faces.cli.incident.options import AS, INCIDENT, found, shell_of
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.incident import ShownMeasure, measure_values, measures_of, today_of
from toban.message import Message
from toban.text import printable, printable_json

_MEASURE = click.argument("measure", type=click.IntRange(1), metavar="MEASURE")
_KINDS = click.Choice([each.value for each in PreventionMeasure.Kind])
_DAY = click.DateTime(["%Y-%m-%d"])
_MARKS = {
    MeasureState.OPEN: "◇",
    MeasureState.OVERDUE: "■",
    MeasureState.KEPT: "●",
    MeasureState.WITHDRAWN: "–",
}


@click.group("measures", epilog="Example: toban incident measures list 12")
def command() -> None:
    """Show the measures against a recurrence, record, change and withdraw them."""
    speak_utf8()


@command.command("list", epilog="Example: toban incident measures list 12 --format json")
@INCIDENT
@FORMAT
@click.pass_obj
def list_(parts: Parts, number: int, form: str) -> None:
    """Show the measures of INCIDENT, each with its number, and what proves that it is done.

    \b
    Exit status:
      0  shown, even if there is none
      1  there is no such incident
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        edition, now = edition_of(parts), system_clock()
        shown = measures_of(found(number), edition, now)
        if form == "json":
            today = today_of(edition, now)
            say(printable_json([measure_values(each.measure, today) for each in shown], indent=2))
        else:
            say("\n".join(map(_lines, shown)) or Message("incident-reports.no-measures"))


@command.command(
    "record",
    epilog='Example: toban incident measures record 12 "limit the queue" --kind change --reference a1b2c3d '
    "--owner bob --due 2026-12-20 --as alice",
)
@INCIDENT
@click.argument("words")
@click.option("--kind", type=_KINDS, required=True, help="What proves that it is done.")
@click.option(
    "--reference",
    metavar="WORDS",
    required=True,
    help="The commit, version or address; the row's id; the work's key; the exception's number.",
)
@click.option("--owner", metavar="NAME", required=True, help="A name in [people], or a role of the document.")
@click.option("--due", type=_DAY, required=True, help="Until when it is to be done.")
@AS
@click.pass_obj
def record(
    parts: Parts, number: int, words: str, kind: str, reference: str, owner: str, due: datetime, account: str
) -> None:
    """Record a measure against a recurrence of INCIDENT: WORDS say what is done.

    \b
    Exit status:
      0  recorded
      1  not possible: an unknown owner, work or exception, a day that is over, or too many measures
      2  nothing runs there, or the state database can't be used
    """
    wanted = WantedMeasure(words, PreventionMeasure.Kind(kind), reference, owner, due.date())
    with usable_state():
        edition, by = edition_of(parts), shell_of(account)
        made = orders.record(number, wanted, **by, edition=edition, now=system_clock())
        say(Message("incident-reports.measure-recorded", measure=made.pk))


@command.command("change", epilog="Example: toban incident measures change 5 --due 2026-12-24 --as alice")
@_MEASURE
@click.option("--words", metavar="WORDS", help="What is done.")
@click.option("--kind", type=_KINDS, help="What proves that it is done.")
@click.option("--reference", metavar="WORDS", help="What it is proven by.")
@click.option("--owner", metavar="NAME", help="A name in [people], or a role of the document.")
@click.option("--due", type=_DAY, help="Until when it is to be done.")
@AS
@click.pass_obj
def change(
    parts: Parts,
    measure: int,
    words: str | None,
    kind: str | None,
    reference: str | None,
    owner: str | None,
    due: datetime | None,
    account: str,
) -> None:
    """Change MEASURE; what is not given stays. Another kind or reference is proven anew.

    \b
    Exit status:
      0  changed
      1  not possible: no such measure, nothing changes, or as for `record`
      2  nothing runs there, or the state database can't be used
    """
    given: dict[str, Any] = {
        "words": words,
        "kind": PreventionMeasure.Kind(kind) if kind is not None else None,
        "reference": reference,
        "owner": owner,
        "due_on": due.date() if due is not None else None,
    }
    with usable_state():
        edition, by = edition_of(parts), shell_of(account)
        changed = {name: each for name, each in given.items() if each is not None}
        wanted = replace(wanted_of(_measure(measure)), **changed)
        orders.change(measure, wanted, **by, edition=edition, now=system_clock())
        say(Message("incident-reports.measure-changed", measure=measure))


@command.command(
    "withdraw", epilog='Example: toban incident measures withdraw 5 --reason "done by 6" --as alice'
)
@_MEASURE
@click.option("--reason", metavar="WORDS", required=True, help="Why, for those who look at it later.")
@AS
def withdraw(measure: int, reason: str, account: str) -> None:
    """Withdraw MEASURE: it stays with the reason, and counts no more.

    \b
    Exit status:
      0  withdrawn
      1  not possible: no such measure, or no reason
      2  the state database can't be used
    """
    with usable_state():
        orders.withdraw(measure, reason, **shell_of(account), now=system_clock())
        say(Message("incident-reports.measure-withdrawn", measure=measure))


def _measure(number: int) -> PreventionMeasure:
    measure = PreventionMeasure.objects.filter(pk=number).first()
    if measure is None:
        raise NotPossible(Message("incident-reports.no-such-measure", number=number))
    return measure


def _lines(shown: ShownMeasure) -> str:
    measure = shown.measure
    state = Message(f"incident-reports.measure-is-{shown.state}")
    because = measure.withdrawn_because if shown.state is MeasureState.WITHDRAWN else str(measure.proof)
    head = (measure.pk, _MARKS[shown.state], state, measure.due_on, measure.owner, _flat(measure.words))
    return (
        "{:>6}  {} {}  {}  {}  {}".format(*map(str, head))
        + f"\n        {measure.kind} {measure.reference}: {_flat(because)}"
    )


def _flat(text: str) -> str:
    return printable(" ".join(text.split()))
