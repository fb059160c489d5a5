"""`toban alerts`: what is wrong now, and who acknowledged it."""

import click
from django.db.models import QuerySet

from toban.engine.clock import system_clock
from toban.engine.notify import orders, reasons
from toban.engine.notify.delivery.words import mark, one_line
from toban.engine.notify.models import Alert
from toban.faces.cli.shell import shell_user
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.alerts import alert_values
from toban.message import NOTHING, Message
from toban.text import printable_json


@click.command(
    "alerts",
    epilog="Example: toban alerts --acknowledge 12",
)
@click.option("--history", is_flag=True, help="Include resolved alerts.")
@click.option(
    "--reason",
    default="",
    metavar="CODE",
    help="Only alerts about which this was said, such as notify.reason-muted. --reasons shows the codes.",
)
@click.option("--reasons", "counting", is_flag=True, help="Count the alerts by reason instead.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option(
    "--acknowledge",
    "--take",
    "acknowledged",
    type=int,
    metavar="ALERT",
    help="Acknowledge it: repeats and escalation stop.",
)
@click.option(
    "--unacknowledge",
    "--release",
    "released",
    type=int,
    metavar="ALERT",
    help="Withdraw its acknowledgement: it is unacknowledged again.",
)
@FORMAT
def command(
    history: bool,
    reason: str,
    counting: bool,
    limit: int,
    acknowledged: int | None,
    released: int | None,
    form: str,
) -> None:
    """List the ongoing alerts, newest first; `toban why` shows who was notified of one.

    With --acknowledge, everyone who was notified of the alert is told who is working on it.
    --unacknowledge withdraws that. --reasons counts the alerts by why nobody was notified of them, and
    by why nothing is measured or delivered.

    \b
    Exit status:
      0  listed, acknowledged or unacknowledged
      1  there is no such ongoing alert, somebody else acknowledged it, or nobody did
      2  the state database can't be used
    """
    speak_utf8()
    if acknowledged is not None and released is not None:
        raise click.UsageError(str(Message("notify.choose-one-order")))
    with usable_state():
        if counting:
            _count(_chosen(reason, history=history), form)
        elif acknowledged is None and released is None:
            _show(_chosen(reason, history=history)[:limit], form, history=history)
        else:
            _order(acknowledged, released)


def _order(acknowledged: int | None, released: int | None) -> None:
    by, now = shell_user(), system_clock()
    if acknowledged is not None:
        alert = orders.acknowledge(acknowledged, by=by, now=now)
        said = "notify.acknowledged-now"
    elif released is not None:
        alert = orders.release(released, by=by, now=now)
        said = "notify.unacknowledged-now"
    say(Message(said, alert=alert.pk, subject=alert.subject))


def _chosen(reason: str, *, history: bool) -> QuerySet[Alert]:
    alerts = Alert.objects.order_by("-opened_at", "-pk")
    chosen = alerts if history else alerts.filter(resolved_at=None)
    return reasons.with_reason(chosen, reason) if reason else chosen


def _count(alerts: QuerySet[Alert], form: str) -> None:
    found = reasons.counted(alerts)
    if form == "json":
        told = [{"reason": each.said.as_output(), "alerts": each.alerts} for each in found]
        say(printable_json(told, indent=2))
    else:
        shown = "\n".join(f"{each.alerts:>6}  {each.code}  {one_line(each.said)}" for each in found)
        say(shown or Message("notify.no-reasons"))


def _show(found: QuerySet[Alert], form: str, *, history: bool) -> None:
    if form == "json":
        say(printable_json([alert_values(alert) for alert in found], indent=2))
    else:
        nothing = Message("notify.no-alerts-yet" if history else "notify.nothing-ongoing")
        say("\n".join(line(alert) for alert in found) or nothing)


def line(alert: Alert) -> str:
    """Return the alert in one line, with times in this machine's zone."""
    is_over = alert.resolved_at is not None
    start = f"{alert.began_at.astimezone():%Y-%m-%d %H:%M:%S}"
    since = Message("notify.since", at=start)
    if alert.resolved_at is not None:
        since = Message("notify.from-to", start=start, end=f"{alert.resolved_at.astimezone():%m-%d %H:%M:%S}")
    is_taken = alert.acknowledged_by and not is_over
    parts = [
        mark(alert.condition, is_over=is_over and not alert.is_event),
        alert.subject,
        alert.value,
        since,
        Message("notify.acknowledged-by", who=alert.acknowledged_by) if is_taken else NOTHING,
    ]
    return "  ".join([f"{alert.pk:>6}", *(one_line(part) for part in parts if part)])
