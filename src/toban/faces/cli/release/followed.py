"""A release in the terminal: on one line, in full, and followed until it has ended."""

import time
from collections.abc import Iterator

from toban.chapters.release.models import Release
from toban.engine.runs.models import Run
from toban.faces.terminal import say
from toban.faces.values.release import TIMES
from toban.message import Message, from_json

_LOOK = 0.5
"""Seconds between two looks."""
_OVER = (
    Release.State.DONE,
    Release.State.WATCHED,
    Release.State.FAILED,
    Release.State.ROLLED_BACK,
    Release.State.ABORTED,
)
_WELL = (Release.State.DONE, Release.State.WATCHED)


def line_of(release: Release) -> Message:
    """Return *release* on one line."""
    return Message(
        "release.status-line",
        number=release.pk,
        at=release.planned_at.astimezone(),
        environment=release.environment,
        version=release.artifact.label,
        kind=Message(f"release.kind-{release.kind}"),
        state=Message(f"release.state-{release.state}"),
        note=release.note,
    )


def lines_of(release: Release) -> Iterator[Message | str]:
    """Yield everything about *release*."""
    yield line_of(release)
    for label, value in release.facts:
        yield f"  {from_json(label)}: {from_json(value)}"
    for name in TIMES:
        if (at := getattr(release, name)) is not None:
            yield Message(
                "release.status-time",
                what=Message(f"release.time-{name.replace('_', '-')}"),
                at=at.astimezone(),
            )
    if release.run is not None:
        yield Message("release.status-run", run=release.run)


def follow_release(release: Release) -> bool:
    """Print how *release* goes until it serves or has ended, and say whether it ended well."""
    shown, seen = "", 0
    while True:
        release.refresh_from_db()
        run = Run.objects.filter(pk=release.run).first() if release.run is not None else None
        if run is not None:
            for pk, text in run.log.filter(pk__gt=seen).order_by("pk").values_list("pk", "text"):
                say(f"  | {text}")
                seen = pk
        now = str(line_of(release)) + (f" [{run.step}]" if run is not None and not run.ended_at else "")
        if now != shown:
            shown = now
            say(now)
        if release.state in _OVER:
            return release.state in _WELL
        time.sleep(_LOOK)
