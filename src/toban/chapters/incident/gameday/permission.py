"""Whether a failure may be made now: never on top of real trouble, or of work that people are at."""

from collections.abc import Iterator
from datetime import datetime

from django.conf import settings

from toban.chapters.incident.gameday.looking import is_symptom
from toban.chapters.incident.gameday.planned import PlannedGameDay
from toban.chapters.incident.models import GameDay, Incident
from toban.design.clauses.objectives import MaintenanceWindow
from toban.engine.instances.offered import WATCHED
from toban.engine.notify.models import Alert, Maintenance
from toban.engine.notify.routing.maintenance import open_window
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run
from toban.message import Message

_RELEASES = ("release/", "rollback/")
"""Before the keys of the works that change what serves."""


OTHERS = ("incident-gameday.another-runs", "incident-gameday.drill-not-over", "release.is-watched")
"""The codes of refusals that end with another game day, or soon after the version that it has shipped."""


def why_not(planned: PlannedGameDay, now: datetime, run: int | None = None) -> NotPossible | None:
    """Return why the failure may not be made now, with the way out; *run* is the run that asks."""
    return next(_refusals(planned, now, run), None)


def _refusals(planned: PlannedGameDay, now: datetime, run: int | None) -> Iterator[NotPossible]:
    wait = Message("incident-gameday.wait")
    yield from _maintenance(planned, now)
    for prefix in _RELEASES:
        going = Run.objects.filter(work__startswith=prefix, state=Run.State.RUNNING).first()
        if going is not None:
            yield NotPossible(Message("incident-gameday.release-runs", work=going.work), wait)
    for find in settings.PARTS.ports.all(WATCHED):
        if watched := find(now):
            # Its watch would take back a version that is well.
            yield NotPossible(watched, wait)
    for other in GameDay.objects.filter(state=GameDay.State.RUNNING).exclude(run__isnull=False, run=run):
        yield NotPossible(Message("incident-gameday.another-runs", failure=other.pattern), wait)
    for incident in Incident.objects.filter(closed_at=None, merged_into=None).order_by("pk"):
        code = "drill-not-over" if incident.is_drill else "incident-open"
        hint = wait if incident.is_drill else Message("incident-gameday.close-it")
        yield NotPossible(Message(f"incident-gameday.{code}", number=incident.pk), hint)
    for alert in Alert.objects.filter(resolved_at=None).order_by("pk"):
        if is_symptom(planned.row, alert):
            yield NotPossible(Message("incident-gameday.fails-already", subject=alert.subject), wait)


def _maintenance(planned: PlannedGameDay, now: datetime) -> Iterator[NotPossible]:
    system, windows = planned.edition.bindings.system, planned.edition.design.of(MaintenanceWindow)
    window = open_window(windows, zone=system.zone, business=system.business, now=now)
    announced = Maintenance.objects.holding(now).first()
    if window is not None or announced is not None:
        # Within a maintenance nobody is told: nothing could be learnt.
        said = Message("incident-gameday.in-maintenance")
        yield NotPossible(said, Message("incident-gameday.after-maintenance"))
