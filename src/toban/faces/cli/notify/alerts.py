"""`toban alerts`: what is wrong now, and who acknowledged it."""

import getpass
import json

import click

from toban.engine.clock import system_clock
from toban.engine.notify import orders
from toban.engine.notify.delivery.words import mark
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8

_REFUSED = 1


@click.command(
    "alerts",
    epilog="Example: toban alerts --acknowledge 12",
)
@click.option("--history", is_flag=True, help="Include resolved alerts.")
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
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(history: bool, limit: int, acknowledged: int | None, released: int | None, form: str) -> None:
    """List the ongoing alerts, newest first; `toban why` shows who was notified of one.

    継続中のアラートを、新しい順に示します。--acknowledge で対応を開始すると、通知済みの全員に伝わります。
    --unacknowledge で取り消します。

    \b
    Exit status:
      0  listed, acknowledged or unacknowledged
      1  there is no such ongoing alert, somebody else acknowledged it, or nobody did
      2  the state database can't be used
    """
    speak_utf8()
    if acknowledged is not None and released is not None:
        raise click.UsageError("--acknowledge と --unacknowledge は一つだけ選んでください")
    with usable_state():
        if acknowledged is None and released is None:
            _show(limit, form, history=history)
        else:
            _order(acknowledged, released)


def _order(acknowledged: int | None, released: int | None) -> None:
    by, now = getpass.getuser(), system_clock()
    try:
        if acknowledged is not None:
            alert = orders.acknowledge(acknowledged, by=by, now=now)
            said = "の対応を開始しました。通知済みの全員に伝えます"
        elif released is not None:
            alert = orders.release(released, by=by, now=now)
            said = "の対応を取り消しました。対応の開始を伝えた相手に伝えます"
    except NotPossible as exc:
        refuse(str(exc), exc.hint)
        raise SystemExit(_REFUSED) from exc
    say(f"アラート {alert.pk} ({alert.subject}) {said}")


def _show(limit: int, form: str, *, history: bool) -> None:
    alerts = Alert.objects.order_by("-opened_at", "-pk")
    found = list((alerts if history else alerts.filter(resolved_at=None))[:limit])
    if form == "json":
        say(json.dumps([as_json(alert) for alert in found], ensure_ascii=False, indent=2))
    else:
        nothing = "アラートはまだありません" if history else "継続中のアラートはありません"
        say("\n".join(line(alert) for alert in found) or nothing)


def line(alert: Alert) -> str:
    """Return the alert in one line, with times in this machine's zone."""
    is_over = alert.resolved_at is not None
    since = f"{alert.began_at.astimezone():%Y-%m-%d %H:%M:%S} から"
    if alert.resolved_at is not None:
        since += f" {alert.resolved_at.astimezone():%m-%d %H:%M:%S} まで"
    taken = f"{alert.acknowledged_by}が対応中" if alert.acknowledged_by and not is_over else ""
    parts = [
        f"{alert.pk:>6}",
        mark(alert.condition, is_over=is_over and not alert.is_event),
        alert.subject,
        alert.value,
        since,
        taken,
    ]
    return "  ".join(part for part in parts if part)


def as_json(alert: Alert) -> dict[str, object]:
    """Return the alert as JSON values, with times in UTC."""
    return {
        "alert": alert.pk,
        "clause": alert.clause_id,
        "citation": alert.citation,
        "subject": alert.subject,
        "condition": alert.condition,
        "value": alert.value,
        "limit": alert.limit,
        "labels": alert.labels,
        "began_at": alert.began_at.isoformat(),
        "detected_at": alert.opened_at.isoformat(),
        "resolved_at": alert.resolved_at.isoformat() if alert.resolved_at else None,
        "acknowledged_by": alert.acknowledged_by,
        "is_flapping": alert.flap_root_id is not None,
    }
