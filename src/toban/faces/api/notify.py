"""Alerts, silences and maintenance by the API."""

from enum import StrEnum
from typing import Any

from django.http import Http404, HttpRequest
from ninja import Query, Schema
from pydantic import Field

from toban.engine.clock import system_clock
from toban.engine.notify import orders
from toban.engine.notify.models import Alert, Maintenance, Silence
from toban.engine.notify.signal import Condition
from toban.faces.api import cursors
from toban.faces.api.acting import ordered
from toban.faces.api.router import ScopedRouter
from toban.faces.api.values import Asked, IdempotencyKey, Moment, Number, Part, Said, Text, Turn
from toban.faces.values.alerts import alert_values
from toban.faces.values.periods import period_values

router = ScopedRouter()


class AlertsWanted(StrEnum):
    """Which alerts are wanted."""

    ONGOING = "ongoing"
    RESOLVED = "resolved"
    ALL = "all"


class ShownAlert(Schema):
    """An alert."""

    alert: int
    clause: str
    citation: str
    subject: Said
    condition: Condition
    value: Said
    limit: Said
    labels: dict[str, Any]
    began_at: str
    detected_at: str
    resolved_at: str | None
    acknowledged_by: str
    is_flapping: bool


class ShownPeriod(Schema):
    """What silences and maintenance have in common."""

    author: str
    reason: str
    starts_at: str
    ends_at: str


class ShownSilence(ShownPeriod):
    """A silence."""

    silence: int
    matchers: dict[str, str]


class ShownMaintenance(ShownPeriod):
    """Maintenance that is not in the document."""

    maintenance: int
    targets: list[str]


class WantedSilence(Asked):
    """A silence: all matchers must match; names as in `toban silence`."""

    matchers: dict[Text, Text]
    reason: Text
    ends_at: Moment


class WantedMaintenance(Asked):
    """Maintenance of targets; none: of the whole system."""

    targets: list[Text] = Field([])
    reason: Text
    starts_at: Moment | None = None
    ends_at: Moment


@router.read("/alerts", "read:alerts", Part[ShownAlert])
def alerts(
    request: HttpRequest, turn: Query[Turn], state: AlertsWanted = AlertsWanted.ONGOING, clause: Text = ""
) -> Any:
    """List alerts, newest first: the ongoing ones, unless `state` says otherwise."""
    found = Alert.objects.all()
    if state is not AlertsWanted.ALL:
        found = found.filter(resolved_at__isnull=state is AlertsWanted.ONGOING)
    return cursors.newest(request, turn, found.filter(clause_id=clause) if clause else found, alert_values)


@router.read("/alerts/{alert_id}", "read:alerts", ShownAlert)
def alert(request: HttpRequest, alert_id: Number) -> Any:
    """Return one alert by its number."""
    del request
    found = Alert.objects.filter(pk=alert_id).first()
    if found is None:
        raise Http404
    return alert_values(found)


@router.act("/alerts/{alert_id}/acknowledge", "act:alerts", ShownAlert)
def acknowledge(request: HttpRequest, alert_id: Number, key: IdempotencyKey) -> Any:
    """Acknowledge an ongoing alert: everyone who was notified is told, and escalation stops."""
    return ordered(request, key, lambda by, now: alert_values(orders.acknowledge(alert_id, by=by, now=now)))


@router.act("/alerts/{alert_id}/release", "act:alerts", ShownAlert)
def release(request: HttpRequest, alert_id: Number, key: IdempotencyKey) -> Any:
    """Withdraw the acknowledgement of an ongoing alert."""
    return ordered(request, key, lambda by, now: alert_values(orders.release(alert_id, by=by, now=now)))


@router.read("/silences", "read:alerts", Part[ShownSilence])
def silences(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List the silences that have not ended, newest first."""
    return cursors.newest(request, turn, Silence.objects.unended(system_clock()), _silence)


@router.act("/silences", "act:silences", ShownSilence, status=201)
def silence(request: HttpRequest, wanted: WantedSilence, key: IdempotencyKey) -> Any:
    """Stop notifications about what the matchers select, until `ends_at`: at most 30 days."""
    return ordered(
        request,
        key,
        lambda by, now: _silence(
            orders.silence(wanted.matchers, wanted.reason, ends_at=wanted.ends_at, by=by, now=now)
        ),
    )


@router.act("/silences/{silence_id}/end", "act:silences", ShownSilence)
def end_silence(request: HttpRequest, silence_id: Number, key: IdempotencyKey) -> Any:
    """End a silence now."""
    return ordered(request, key, lambda by, now: _silence(orders.end_silence(silence_id, by=by, now=now)))


@router.read("/maintenance", "read:alerts", Part[ShownMaintenance])
def maintenance(request: HttpRequest, turn: Query[Turn]) -> Any:
    """List current and upcoming maintenance that is not in the document, newest first."""
    return cursors.newest(request, turn, Maintenance.objects.unended(system_clock()), _maintenance)


@router.act("/maintenance", "act:maintenance", ShownMaintenance, status=201)
def announce(request: HttpRequest, wanted: WantedMaintenance, key: IdempotencyKey) -> Any:
    """Announce maintenance: from now on, unless `starts_at` says otherwise."""
    return ordered(
        request,
        key,
        lambda by, now: _maintenance(
            orders.announce_maintenance(
                wanted.targets,
                wanted.reason,
                starts_at=wanted.starts_at or now,
                ends_at=wanted.ends_at,
                by=by,
                now=now,
            )
        ),
    )


@router.act("/maintenance/{maintenance_id}/end", "act:maintenance", ShownMaintenance)
def end_maintenance(request: HttpRequest, maintenance_id: Number, key: IdempotencyKey) -> Any:
    """End maintenance now, or cancel it."""
    return ordered(
        request, key, lambda by, now: _maintenance(orders.end_maintenance(maintenance_id, by=by, now=now))
    )


def _silence(found: Silence) -> dict[str, object]:
    return period_values(found, "silence", "matchers")


def _maintenance(found: Maintenance) -> dict[str, object]:
    return period_values(found, "maintenance", "targets")
