"""Lines about what was done: changes, runs, remedies; and about the incident itself: levels, stages."""

from collections.abc import Iterator
from datetime import timedelta

from django.db.models import Q

from toban.chapters.incident.models import RemedyUse
from toban.chapters.incident.timeline.kinds import EntryKind, GatheredEntry, with_detail
from toban.chapters.incident.timeline.scene import MOST, Scene, newest
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.query import ChangeSearch, TellingChange, found, told
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.models import PlannedWork, Run
from toban.message import Message, from_json

_DAY = timedelta(days=1)
_BAD = (Run.State.FAILED, Run.State.MISSED)
_ACT = "incident-"
_ACTS = (
    "declared",
    "answered",
    "taken",
    "recovered",
    "reopened",
    "merged",
    "split",
    "people",
    "update",
    "closed",
)
"""What is recorded about an incident itself."""
_LATEST = ("-at", "-entry")
"""The order of changes."""
_NEWEST = 20_000
"""Entries of the evidence that are looked through: older ones have been gathered before."""


def lines(scene: Scene) -> Iterator[GatheredEntry]:
    """Yield what was done about the targets of *scene*, and what is known of the incident itself."""
    yield from _changes(scene)
    yield from _remedies(scene)
    yield from _runs(scene)
    yield from _levels(scene)
    yield from _stages(scene)
    yield from _acts(scene)


def _changes(scene: Scene) -> Iterator[GatheredEntry]:
    own = f"incident/{scene.incident.pk}"
    about_targets = ChangeSearch(about=scene.names, since=scene.since, until=scene.until)
    for change in told(newest(found(about_targets), *_LATEST)):
        kind = EntryKind.REMEDY if change.facts.kind is ChangeKind.REMEDY else EntryKind.CHANGE
        yield _change(change, kind)
    # What is done about the incident itself counts however late: its report, its measures.
    about_itself = ChangeSearch(about=(own,), since=scene.incident.detected_at)
    # The whole system is found with any name: only what names the incident is wanted here.
    late = found(about_itself).filter(subjects__name=own)
    for change in told(newest(late, *_LATEST)):
        yield _change(change, EntryKind.FOLLOW_UP)


def _change(change: TellingChange, kind: EntryKind) -> GatheredEntry:
    facts, entry = change.facts, change.change
    said = Message("incident-reports.changed", kind=facts.kind.word, said=facts.said)
    if facts.kind is ChangeKind.OTHER:
        said = facts.said
    return GatheredEntry(f"change/{entry.pk}", kind, entry.at, said, entry.actor, facts.url or "/changes/")


def _remedies(scene: Scene) -> Iterator[GatheredEntry]:
    for use in newest(RemedyUse.objects.filter(incident=scene.incident).select_related("run")):
        key, url = f"remedy/{use.pk}", f"/runs/{use.run_id}" if use.run_id else f"/alerts/{use.alert_id}"
        named = Message("incident-reports.remedy-wanted", remedy=use.remedy, target=use.target, why=use.said)
        yield GatheredEntry(f"{key}/wanted", EntryKind.REMEDY, use.wanted_at, named, url=url)
        if use.run is not None:
            yield from _run(use.run, EntryKind.REMEDY)
        if use.settled_at is not None and use.effect != RemedyUse.Effect.NOT_RUN:
            effect = Message(f"incident-reports.effect-{use.effect}")
            said = Message("incident-reports.remedy-settled", remedy=use.remedy, effect=effect)
            yield GatheredEntry(f"{key}/settled", EntryKind.REMEDY, use.settled_at, said, url=url)


def _runs(scene: Scene) -> Iterator[GatheredEntry]:
    """Yield the runs of the targets' rows, and whatever else failed meanwhile."""
    own = Q(clause_id__in=scene.names)
    works = PlannedWork.objects.filter(is_task=False).order_by("key")[:MOST]
    keys = list(works.values_list("key", flat=True))
    # A long run was due before; the index is by work and due time.
    lately = Run.objects.filter(work__in=keys, due_at__gte=scene.since - _DAY, due_at__lt=scene.until)
    wanted = lately.filter(own | Q(state__in=_BAD), ended_at__gte=scene.since) | lately.filter(
        own, state=Run.State.RUNNING
    )
    for run in newest(wanted.filter(remedy_use=None)):
        yield from _run(run, EntryKind.RUN)


def _run(run: Run, kind: EntryKind) -> Iterator[GatheredEntry]:
    key, url = f"run/{run.pk}", f"/runs/{run.pk}"
    if run.began_at is not None:
        said = Message("incident-reports.run-began", work=run.work, number=run.pk)
        yield GatheredEntry(f"{key}/began", kind, run.began_at, said, url=url)
    if run.ended_at is not None:
        state = Message(f"incident-reports.run-{run.state}")
        ended = Message("incident-reports.run-ended", work=run.work, number=run.pk, state=state)
        said = with_detail(ended, run.note)
        yield GatheredEntry(f"{key}/ended/{run.ended_at.isoformat()}", kind, run.ended_at, said, url=url)


def _levels(scene: Scene) -> Iterator[GatheredEntry]:
    for each in newest(scene.incident.levels.all()):
        said = Message("incident-reports.level", level=each.level, reason=each.reason)
        yield GatheredEntry(f"level/{each.pk}", EntryKind.LEVEL, each.at, said, each.by)


def _stages(scene: Scene) -> Iterator[GatheredEntry]:
    for each in scene.incident.stages.order_by("step"):
        said = Message("incident-reports.stage", step=each.step, said=each.said)
        yield GatheredEntry(
            f"stage/{each.step}/{each.at.isoformat()}", EntryKind.STAGE, each.at, said, each.by
        )


def _acts(scene: Scene) -> Iterator[GatheredEntry]:
    """Yield what became of the incident, and who did it; levels and steps have tables of their own.

    These entries change nothing of the system: they are no changes, and are found by the incident's rows.
    """
    incident = scene.incident
    rows = {incident.clause_id, *incident.levels.values_list("clause_id", flat=True)}
    head = ledger.head()
    if head is None:
        return
    own = LedgerEntry.objects.filter(
        clause_id__in=rows,
        sequence__gt=head.sequence - _NEWEST,
        kind=LedgerEntry.Kind.AUDIT,
        content__incident=incident.pk,
        content__order__in=[f"{_ACT}{name}" for name in _ACTS],
    )
    for entry in newest(own):
        name = str(entry.content["order"]).removeprefix(_ACT)
        said = with_detail(Message(f"incident-reports.act-{name}"), from_json(entry.content.get("note")))
        yield GatheredEntry(f"change/{entry.pk}", EntryKind.ACT, entry.at, said, entry.actor)
