"""`toban incident`: what customers suffer from, its clocks, and what people order about it."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import click

from toban.chapters.incident import orders
from toban.chapters.incident.clocks.rules import Clock, ClockState
from toban.chapters.incident.models import Incident
from toban.chapters.incident.operation import OPERATION
from toban.chapters.incident.orders import Declaration, IncidentOrder
from toban.chapters.incident.plan import IncidentPlan
from toban.engine.amounts import about
from toban.engine.clock import system_clock
from toban.engine.registry.parts import Parts
from toban.faces.cli.group import OpenGroup
from toban.faces.cli.incident.options import AS, INCIDENT, found, order_by
from toban.faces.cli.kept import edition_of
from toban.faces.cli.period import moment
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import confirm, say, speak_utf8
from toban.faces.values.incident import (
    alerts_of,
    incident_values,
    incidents,
    steps_of,
    times_of,
    whole_values,
)
from toban.message import Message
from toban.text import printable_json

_SHOWN = 20
_YES = click.option("--yes", is_flag=True, help="Don't ask.")
_REASON = click.option("--reason", metavar="WORDS", default="", help="Why, for those who look at it later.")
_MARKS = {
    ClockState.UNLIMITED: "·",
    ClockState.RUNNING: "○",
    ClockState.DUE_SOON: "▲",
    ClockState.OVERDUE: "■",
    ClockState.KEPT: "●",
    ClockState.LATE: "■",
}


@click.group("incident", cls=OpenGroup, epilog="Example: toban incident list")
def command() -> None:
    """Show incidents with their clocks, declare one, answer it, and close it when nothing is owed."""
    speak_utf8()


@command.command("list", epilog="Example: toban incident list --all --format json")
@click.option("--all", "with_closed", is_flag=True, help="Also the newest of those that are closed.")
@FORMAT
@click.pass_obj
def list_(parts: Parts, form: str, *, with_closed: bool) -> None:
    """Show the incidents that are not closed, the newest first, each with its clocks.

    \b
    Exit status:
      0  shown
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        edition_of(parts)
        now, listed = system_clock(), incidents(is_open=None if with_closed else True).order_by("-pk")
        shown = list(listed[:_SHOWN] if with_closed else listed)
        if form == "json":
            say(printable_json([incident_values(each, now) for each in shown], indent=2))
            return
        for each in shown:
            for line in _lines(each, now):
                say(line)
        if not shown:
            say(Message("incident.none-open"))


@command.command("show", epilog="Example: toban incident show 12")
@INCIDENT
@FORMAT
@click.pass_obj
def show(parts: Parts, number: int, form: str) -> None:
    """Show INCIDENT: its level and why, its clocks, its alerts, and the steps of the flow.

    \b
    Exit status:
      0  shown
      1  there is no such incident
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        plan, now = _plan(parts), system_clock()
        incident = found(number)
        if form == "json":
            say(printable_json(whole_values(incident, plan, now), indent=2))
            return
        for line in (*_lines(incident, now), *_details(incident, plan)):
            say(line)


@command.command("declare", epilog='Example: toban incident declare "checkout fails" --level High --as alice')
@click.argument("title")
@click.option(
    "--level", default="", metavar="LEVEL", help="In the document's words. Default: as the rule says."
)
@click.option(
    "--target", "targets", multiple=True, metavar="TARGET", help="What is affected; may be repeated."
)
@click.option(
    "--alert", "alerts", type=int, multiple=True, metavar="ALERT", help="An open alert; may be repeated."
)
@click.option(
    "--since", "written", metavar="TIME", help="When it was noticed: 2026-12-08 20:00. Default: now."
)
@click.option("--reported", "is_report", is_flag=True, help="A user has reported it.")
@AS
@_YES
@click.pass_obj
def declare(parts: Parts, /, account: str, written: str | None, yes: bool, **said: Any) -> None:
    """Declare an incident: its clocks run at once, and those who are concerned are notified.

    \b
    Exit status:
      0  declared
      1  not possible: an unknown level or alert, an alert of another incident; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    since = moment(written, "--since") if written is not None else None
    with usable_state():
        order = _order(parts, account)
        if not yes:
            confirm(Message("incident.confirm-declare", title=said["title"]))
        made = orders.declare(Declaration(began_at=since, **said), order, system_clock())
        say(Message("incident.declared", number=made.pk, level=made.level))


@command.command("take", epilog="Example: toban incident take 12 --as alice")
@INCIDENT
@AS
@click.pass_obj
def take(parts: Parts, number: int, account: str) -> None:
    """Take INCIDENT on: you lead, and its open alerts are acknowledged.

    \b
    Exit status:
      0  done
      1  not possible: somebody else leads, or it is closed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        orders.take(number, _order(parts, account), system_clock())
        say(Message("incident.taken", number=number, by=account))


@command.command("level", epilog='Example: toban incident level 12 High --reason "checkout only" --as alice')
@INCIDENT
@click.argument("level")
@_REASON
@AS
@click.pass_obj
def level_(parts: Parts, number: int, level: str, reason: str, account: str) -> None:
    """Confirm the LEVEL of INCIDENT, or give it another, which wants a reason. Clocks run from the detection.

    \b
    Exit status:
      0  done
      1  not possible: no such level, no reason, or it is closed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        incident = orders.confirm_level(number, level, reason, _order(parts, account), system_clock())
        say(Message("incident.has-level", number=number, level=incident.level))


@command.command(
    "people", epilog="Example: toban incident people 12 --commander bob --scribe carol --as alice"
)
@INCIDENT
@click.option("--commander", metavar="ACCOUNT", help="Who leads; empty: nobody.")
@click.option("--scribe", metavar="ACCOUNT", help="Who writes; empty: nobody.")
@AS
@click.pass_obj
def people(parts: Parts, number: int, commander: str | None, scribe: str | None, account: str) -> None:
    """Say who leads INCIDENT, and who writes.

    \b
    Exit status:
      0  done
      1  not possible: no such account, or it is closed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        order = _order(parts, account)
        incident = orders.set_people(number, order, system_clock(), commander=commander, scribe=scribe)
        say(_led_by(incident))


@command.command("step", epilog='Example: toban incident step 12 2 --note "only checkout" --as alice')
@INCIDENT
@click.argument("step", type=click.IntRange(1))
@click.option("--note", metavar="WORDS", required=True, help="What was found or done.")
@AS
@click.pass_obj
def step_(parts: Parts, number: int, step: int, note: str, account: str) -> None:
    """Sign STEP of the document's flow for INCIDENT. What evidence proves is not signed.

    \b
    Exit status:
      0  done
      1  not possible: no such step, done already, or proven by evidence
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        done = orders.finish_stage(number, step, note, _order(parts, account), system_clock())
        say(Message("incident.step-signed", step=done.words, by=done.by))


@command.command("update", epilog='Example: toban incident update 12 "orders work again" --as alice')
@INCIDENT
@click.argument("words")
@AS
@click.pass_obj
def update(parts: Parts, number: int, words: str, account: str) -> None:
    """Notify those who are concerned, by the document's matrix, how INCIDENT stands.

    \b
    Exit status:
      0  done
      1  not possible: no words, or it is closed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        orders.tell_update(number, words, _order(parts, account), system_clock())
        say(Message("incident.update-told", number=number))


@command.command("publish", epilog='Example: toban incident publish 12 "We are working on it." --as alice')
@INCIDENT
@click.argument("note", default="")
@click.option("--hide", is_flag=True, help="Show it no longer.")
@AS
@click.pass_obj
def publish(parts: Parts, number: int, note: str, account: str, *, hide: bool) -> None:
    """Show INCIDENT on the status page with NOTE, for everybody who can open that page.

    \b
    Exit status:
      0  done
      1  not possible: no words, or a game day
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        orders.publish(number, note, _order(parts, account), system_clock(), is_shown=not hide)
        say(Message("incident.is-hidden" if hide else "incident.is-shown", number=number))


@command.command("merge", epilog="Example: toban incident merge 13 --into 12 --as alice")
@INCIDENT
@click.option("--into", type=click.IntRange(1), required=True, metavar="INCIDENT", help="What it belongs to.")
@AS
@_YES
@click.pass_obj
def merge(parts: Parts, number: int, into: int, account: str, *, yes: bool) -> None:
    """Make INCIDENT a part of another, which takes its alerts and the graver level.

    \b
    Exit status:
      0  done
      1  not possible: one of them is closed, or a part already; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        order = _order(parts, account)
        if not yes:
            confirm(Message("incident.confirm-merge", number=number, into=into))
        orders.merge(number, into, order, system_clock())
        say(Message("incident.merged", number=number, into=into))


@command.command("split", epilog='Example: toban incident split 12 --alert 40 --title "mail" --as alice')
@INCIDENT
@click.option(
    "--alert", "alerts", type=int, multiple=True, required=True, metavar="ALERT", help="May be repeated."
)
@click.option("--title", default="", metavar="WORDS", help="Default: that of the first alert.")
@AS
@click.pass_obj
def split(parts: Parts, number: int, alerts: tuple[int, ...], title: str, account: str) -> None:
    """Make some alerts of INCIDENT an incident of their own.

    \b
    Exit status:
      0  done
      1  not possible: not its alerts, or none would remain
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        made = orders.split(number, alerts, title, _order(parts, account), system_clock())
        say(Message("incident.declared", number=made.pk, level=made.level))


@command.command(
    "recovered", epilog='Example: toban incident recovered 12 --at "2026-12-08 20:40" --as alice'
)
@INCIDENT
@click.option("--at", "written", metavar="TIME", help="Since when: 2026-12-08 20:40. Default: now.")
@AS
@click.pass_obj
def recovered(parts: Parts, number: int, written: str | None, account: str) -> None:
    """Say that INCIDENT is over, where nothing measures it. Where something does, it says so by itself.

    \b
    Exit status:
      0  done
      1  not possible: an alert of it measures that, or it is over already
      2  nothing runs there, or the state database can't be used
    """
    at = moment(written, "--at") if written is not None else None
    with usable_state():
        orders.say_recovered(number, _order(parts, account), system_clock(), at=at)
        say(Message("incident.is-over", number=number))


@command.command("close", epilog="Example: toban incident close 12 --as alice")
@INCIDENT
@AS
@_YES
@click.pass_obj
def close(parts: Parts, number: int, account: str, *, yes: bool) -> None:
    """Close INCIDENT: it has recovered, its report is approved, and its measures are done.

    \b
    Exit status:
      0  done
      1  not possible: something is still owed; or not confirmed
      2  nothing runs there, or the state database can't be used
    """
    with usable_state():
        order = _order(parts, account)
        if not yes:
            confirm(Message("incident.confirm-close", number=number))
        orders.close(number, order, system_clock())
        say(Message("incident.closed", number=number))


def _plan(parts: Parts) -> IncidentPlan:
    return edition_of(parts).plan(OPERATION)


def _order(parts: Parts, account: str) -> IncidentOrder:
    return order_by(account, edition_of(parts))


def _lines(incident: Incident, now: datetime) -> Iterator[Message | str]:
    times = times_of(incident)
    response, recovery = times.response(now), times.recovery(now)
    level = incident.level or "—"
    yield f"{incident.pk:>5}  {level}  {incident.title}"
    detected = incident.detected_at.astimezone()
    yield f"       {Message('incident.detected-at', at=detected)}  {', '.join(incident.targets)}"
    yield f"       {_MARKS[response.state]} {_clock_words('response', response)}"
    yield f"       {_MARKS[recovery.state]} {_clock_words('recovery', recovery)}"


def _clock_words(name: str, clock: Clock) -> Message:
    due = clock.due.astimezone() if clock.due is not None else None
    state = ("done" if clock.is_over else "runs") + ("" if due is not None else "-unlimited")
    return Message(f"incident.{name}-{state}", took=about(clock.took), due=due)


def _led_by(incident: Incident) -> Message:
    return Message("incident.led-by", commander=incident.commander or "—", scribe=incident.scribe or "—")


def _details(incident: Incident, plan: IncidentPlan) -> Iterator[Message | str]:
    confirmed = incident.confirmed_by or Message("incident.not-confirmed")
    level = incident.level or "—"
    yield f"  {Message('incident.level-because', level=level, why=incident.why, by=confirmed)}"
    if incident.proposed and incident.proposed != incident.level:
        yield f"  {Message('incident.proposes', level=incident.proposed)}"
    yield f"  {_led_by(incident)}"
    for link in alerts_of(incident):
        alert = link.alert
        mark = "●" if alert.resolved_at is not None else "■"
        opened = f"{alert.opened_at.astimezone():%Y-%m-%d %H:%M}"
        yield f"  {mark} {alert.pk}  {opened}  {alert.subject} {alert.value}"
    for step in steps_of(incident, plan):
        said = (
            f"{step.done.at.astimezone():%Y-%m-%d %H:%M}  {step.done.said}" if step.done is not None else "—"
        )
        yield f"  {step.number}. {step.words}: {said}"
