"""Events into the state database: counted, grouped and kept once, each in one transaction.

The sender is answered after the commit. An event sent again within two days is recognised by its id and not
counted again, however many servers receive it.
"""

import hashlib
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import uuid4

import orjson
import zstandard
from django.db import transaction
from django.db.models import F

from toban.chapters.errors.intake.event import ErrorEvent
from toban.chapters.errors.models import (
    AffectedUser,
    ErrorGroup,
    ErrorHour,
    ErrorProject,
    ErrorRelease,
    ErrorValue,
    SeenEvent,
    StoredEvent,
    let_go,
)
from toban.chapters.errors.rules import (
    MOST_NEW,
    OVERFLOW,
    TOLD,
    ErrorResolution,
    ErrorState,
    EventEffect,
    Grouping,
    GroupingBasis,
    arrival,
    grouping,
)
from toban.chapters.errors.searching.search import values_of

NEWEST = 50
"""Events kept per error, besides its samples."""
SAMPLES = 20
"""Samples of one error: its first event, and the first of each release."""
MOST_USERS = 10_000
"""Users counted per error."""
MOST_RELEASES = 500
"""Releases remembered per application; only the newest."""
_HOUR = timedelta(hours=1)
_HEARD = timedelta(seconds=10)
"""The time an application was last heard from is updated at most this often."""
_LEVEL = 3
_BEYOND = "(beyond the limit)"
"""The title of the group of all errors beyond the limit, in searches."""


class EventReceipt(StrEnum):
    """What became of an event."""

    STORED = "stored"
    REPEATED = "repeated"


def heard(project: str, now: datetime) -> None:
    """Record that the application sent something."""
    fresh = ErrorProject.objects.filter(name=project, heard_at__gt=now - _HEARD, heard_at__lte=now).exists()
    if not fresh:
        ErrorProject.objects.update_or_create(name=project, defaults={"heard_at": now})


def take(project: str, event: ErrorEvent, now: datetime) -> tuple[EventReceipt, str]:
    """Store *event* durably and only once; return the outcome, and its id."""
    event_id = event.event_id or uuid4().hex
    with transaction.atomic():
        # Always lock in one order, the group first: two servers storing events of one error can't deadlock.
        group, is_new = _locked(project, event, now)
        _, is_first = SeenEvent.objects.get_or_create(
            project=project, event_id=event_id, defaults={"received_at": now}
        )
        if not is_first:
            if is_new:
                group.delete()
            return EventReceipt.REPEATED, event_id
        _enter(group, event, event_id, now, is_new=is_new)
        ErrorProject.objects.update_or_create(name=project, defaults={"heard_at": now, "event_at": now})
    return EventReceipt.STORED, event_id


def _locked(project: str, event: ErrorEvent, now: datetime) -> tuple[ErrorGroup, bool]:
    """Return the group of *event*, locked, and whether it was just created."""
    found = grouping(event)
    known = _known(project, found)
    if known is not None:
        return known, False
    if ErrorGroup.objects.filter(project=project, created_at__gt=now - _HOUR).count() >= MOST_NEW:
        found = OVERFLOW
    return ErrorGroup.objects.select_for_update().get_or_create(
        project=project,
        key=found.key,
        defaults={
            "grouped_by": found.by,
            "title": event.title if found is not OVERFLOW else _BEYOND,
            "culprit": event.culprit if found is not OVERFLOW else "",
            "level": event.level,
            "first_seen": event.at,
            "last_seen": event.at,
            "first_release": event.release,
            "created_at": now,
        },
    )


def _known(project: str, found: Grouping) -> ErrorGroup | None:
    groups = ErrorGroup.objects.select_for_update().filter(project=project)
    known = groups.filter(key=found.key).first()
    if known is None and found.former_key != found.key:
        # Errors of before are no new ones: the first event of one continues it.
        known = groups.filter(key=found.former_key).first()
        if known is not None:
            known.key = found.key
            known.save(update_fields=["key"])
    return known


def _enter(group: ErrorGroup, event: ErrorEvent, event_id: str, now: datetime, *, is_new: bool) -> None:
    order = releases(group.project)
    known = None if is_new else ErrorResolution(ErrorState(group.state), group.resolved_at, group.resolved_in)
    came = arrival(known, event.release, event.at, order)
    _describe(group, event, came, now)
    if event.user_key and group.users < MOST_USERS:
        digest = hashlib.sha256(event.user_key.encode()).hexdigest()[:32]
        group.users += AffectedUser.objects.get_or_create(group=group, digest=digest)[1]
    group.save()
    if event.release and event.release not in order:
        _remember(group.project, event.release, now)
    _count(group, event)
    stored = StoredEvent.objects.create(
        group=group,
        event_id=event_id,
        at=event.at,
        received_at=now,
        release=event.release,
        trace_id=event.trace_id,
        is_sample=_is_sample(group, event, is_new=is_new),
        content=packed(event),
    )
    _make_findable(stored, event)
    _thin_out(group)


def _describe(group: ErrorGroup, event: ErrorEvent, came: EventEffect, now: datetime) -> None:
    group.count += 1
    group.first_seen = min(group.first_seen, event.at)
    if event.at >= group.last_seen:
        group.last_seen, group.level, group.platform = event.at, event.level, event.platform
        if group.grouped_by != GroupingBasis.OVERFLOW:
            group.title, group.culprit = event.title, event.culprit
        group.last_release = event.release or group.last_release
    if came is EventEffect.REGRESSED:
        group.state, group.regressed_at = ErrorState.OPEN, now
        group.regressions += 1
    if came in TOLD:
        group.untold, group.untold_since = came, now


def _is_sample(group: ErrorGroup, event: ErrorEvent, *, is_new: bool) -> bool:
    """Say whether *event* is the first of its error or of a release."""
    if is_new:
        return True
    samples = StoredEvent.objects.filter(group=group, is_sample=True)
    return (
        event.release != ""
        and not samples.filter(release=event.release).exists()
        and samples.count() < SAMPLES
    )


def releases(project: str) -> list[str]:
    """Return the releases of *project*, in the order they were first seen."""
    found = ErrorRelease.objects.filter(project=project).order_by("first_seen", "pk")
    return list(found.values_list("release", flat=True))


def _remember(project: str, release: str, now: datetime) -> None:
    ErrorRelease.objects.get_or_create(project=project, release=release, defaults={"first_seen": now})
    newest = ErrorRelease.objects.filter(project=project).order_by("-first_seen", "-pk")
    too_many = list(newest.values_list("pk", flat=True)[MOST_RELEASES:])
    if too_many:
        ErrorRelease.objects.filter(pk__in=too_many).delete()


def _make_findable(stored: StoredEvent, event: ErrorEvent) -> None:
    """Record the values that find the error, for as long as an event that has them is kept."""
    ErrorValue.objects.bulk_create(
        [
            ErrorValue(group=stored.group, event=stored, is_sample=stored.is_sample, name=name, value=value)
            for name, value in values_of(event)
        ],
        update_conflicts=True,
        unique_fields=("group", "name", "value", "is_sample"),
        update_fields=("event",),
    )


def _count(group: ErrorGroup, event: ErrorEvent) -> None:
    hour = event.at.replace(minute=0, second=0, microsecond=0)
    if not ErrorHour.objects.filter(group=group, hour=hour).update(count=F("count") + 1):
        ErrorHour.objects.create(group=group, hour=hour, count=1)


def _thin_out(group: ErrorGroup) -> None:
    """Delete all but the newest events, except samples."""
    plain = StoredEvent.objects.filter(group=group, is_sample=False).order_by("-pk")
    oldest_kept = plain.values_list("pk", flat=True)[NEWEST - 1 : NEWEST].first()
    if oldest_kept is not None:
        let_go(plain.filter(pk__lt=oldest_kept))


def packed(event: ErrorEvent) -> bytes:
    """Return *event* as it is stored."""
    return zstandard.compress(orjson.dumps(event), _LEVEL)
