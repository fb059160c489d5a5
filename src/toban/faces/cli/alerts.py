"""`toban alerts`: what is wrong now, who has taken it on, and why somebody was told of it or not."""

import getpass
import json
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from toban.faces.cli.state import opened_state
from toban.faces.cli.terminal import refuse, say, speak_utf8

if TYPE_CHECKING:
    from toban.engine.notify.models import Alert, Delivery, StageOutcome

_REFUSED = 1


@click.command(
    "alerts",
    short_help="List alerts, take one on, ask who was told (アラートを見る、引き受ける).",
    epilog="Example: toban alerts --take 12",
)
@click.option("--history", is_flag=True, help="Also those that are over.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=50, show_default=True)
@click.option("--take", type=int, metavar="ALERT", help="Take it on: it is not repeated nor escalated.")
@click.option("--why", type=int, metavar="ALERT", help="Who was told, who was not, and why.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(history: bool, limit: int, take: int | None, why: int | None, form: str) -> None:
    """List the alerts that are open, the newest first.

    続いているアラートを、新しい順に示します。--take で引き受けると、知らせた相手全員に伝わります。

    \b
    Exit status:
      0  listed, or taken on
      1  there is no such alert, or it is over, or somebody else has it
      2  the state database can't be used
    """
    speak_utf8()
    if take is not None and why is not None:
        raise click.UsageError("--take と --why は一つだけ選んでください")
    with opened_state():
        if take is not None:
            _take(take)
        elif why is not None:
            _explain(why, form)
        else:
            _show(limit, form, history=history)


def _take(alert_id: int) -> None:
    from toban.engine.clock import system_clock  # noqa: PLC0415
    from toban.engine.notify import orders  # noqa: PLC0415
    from toban.engine.orders import NotPossible  # noqa: PLC0415

    try:
        alert = orders.acknowledge(alert_id, by=getpass.getuser(), now=system_clock())
    except NotPossible as exc:
        refuse(str(exc), exc.hint)
        raise SystemExit(_REFUSED) from exc
    say(f"アラート {alert.pk} ({alert.subject}) を引き受けました。知らせた相手に伝えます")


def _show(limit: int, form: str, *, history: bool) -> None:
    from toban.engine.notify.models import Alert  # noqa: PLC0415

    alerts = Alert.objects.order_by("-opened_at", "-pk")
    found = list((alerts if history else alerts.filter(resolved_at=None))[:limit])
    if form == "json":
        say(json.dumps([as_json(alert) for alert in found], ensure_ascii=False, indent=2))
    else:
        nothing = "アラートはまだありません" if history else "続いているアラートはありません"
        say("\n".join(line(alert) for alert in found) or nothing)


def _explain(alert_id: int, form: str) -> None:
    from toban.engine.notify.models import Alert  # noqa: PLC0415

    alert = Alert.objects.filter(pk=alert_id).first()
    if alert is None:
        refuse(f"アラート {alert_id} がありません", "toban alerts --history")
        raise SystemExit(_REFUSED)
    outcomes = list(alert.outcomes.order_by("pk"))
    deliveries = list(_deliveries(alert))
    if form == "json":
        told = {
            "alert": as_json(alert),
            "outcomes": [_outcome(each) for each in outcomes],
            "deliveries": [_delivery(each) for each in deliveries],
        }
        say(json.dumps(told, ensure_ascii=False, indent=2))
        return
    say("\n".join([line(alert), f"        {alert.citation}  {alert.clause_text}"]))
    say("\n".join(_reasons(outcomes)) or "まだどの段階も見ていません")
    say("\n".join(_receipts(deliveries)) or "だれにも送っていません")


def _deliveries(alert: "Alert") -> "Iterator[Delivery]":
    from toban.engine.notify.models import Delivery  # noqa: PLC0415

    told = Delivery.objects.filter(announcement__alerts=alert).select_related("announcement")
    yield from told.order_by("pk")


def _reasons(outcomes: "list[StageOutcome]") -> Iterator[str]:
    for each in outcomes:
        to = " ".join(part for part in (each.recipient, each.destination) if part)
        ordered_by = f"  ({each.rule_citation})" if each.rule_citation else ""
        mark = "→" if each.passed else "×"
        yield f"  {each.at.astimezone():%m-%d %H:%M:%S} {mark} {to}  {each.stage}: {each.detail}{ordered_by}"


def _receipts(deliveries: "list[Delivery]") -> Iterator[str]:
    words = {"waiting": "送るところ", "delivered": "受け取られた", "failed": "届かなかった"}
    for each in deliveries:
        said = each.receipt or each.error
        state = words[each.state] + (f" ({said})" if said else "")
        at = (each.settled_at or each.created_at).astimezone()
        yield f"  {at:%m-%d %H:%M:%S} {each.destination}  {each.announcement.title}  {state}"


def line(alert: "Alert") -> str:
    """Return the alert in one line, its times on this machine's clock."""
    from toban.engine.notify.words import mark  # noqa: PLC0415

    is_over = alert.resolved_at is not None
    since = f"{alert.began_at.astimezone():%Y-%m-%d %H:%M:%S} から"
    if alert.resolved_at is not None:
        since += f" {alert.resolved_at.astimezone():%m-%d %H:%M:%S} まで"
    taken = f"{alert.acknowledged_by}が対応中" if alert.acknowledged_by and not is_over else ""
    parts = [
        f"{alert.pk:>6}",
        mark(alert.condition, is_over=is_over),
        alert.subject,
        alert.value,
        since,
        taken,
    ]
    return "  ".join(part for part in parts if part)


def as_json(alert: "Alert") -> dict[str, object]:
    """Return the alert for machines, times in UTC."""
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


def _outcome(outcome: "StageOutcome") -> dict[str, object]:
    return {
        "at": outcome.at.isoformat(),
        "destination": outcome.destination,
        "recipient": outcome.recipient,
        "ordered_by": outcome.rule_citation,
        "passed": outcome.passed,
        "stage": outcome.stage,
        "reason": outcome.reason,
        "detail": outcome.detail,
    }


def _delivery(delivery: "Delivery") -> dict[str, object]:
    return {
        "destination": delivery.destination,
        "title": delivery.announcement.title,
        "state": delivery.state,
        "receipt": delivery.receipt,
        "error": delivery.error,
        "attempts": delivery.attempts,
    }
