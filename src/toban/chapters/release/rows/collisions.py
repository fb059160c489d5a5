"""What a release at a time would run into, by the document and by what is known now."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from toban.chapters.release.bindings import DeploymentBinding
from toban.chapters.release.engine import DEPLOYMENTS
from toban.chapters.release.rows.schedule import (
    LASTS,
    Collision,
    CollisionKind,
    Freeze,
    due_meanwhile,
    frozen,
    on_day_off,
    under_maintenance,
)
from toban.chapters.release.source import RELEASES
from toban.design.chapter import Chapter
from toban.design.clauses.backup import BackupPolicy
from toban.design.clauses.base import Clause
from toban.design.clauses.batch import Batch
from toban.engine.editions.edition import Edition
from toban.engine.notify.models import Alert
from toban.engine.notify.planned import planned
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import Run
from toban.engine.spans import Span, merged
from toban.message import Message

_BURN = "/burn"
"""What follows a service level's id in the key of the alert that its error budget is used up too fast."""
_OWN = f"{Chapter.RELEASE}/"
"""What the ids of this chapter's rows begin with: their alerts are no reason against a release."""


def collisions(edition: Edition, deployment: str, at: datetime, now: datetime) -> tuple[Collision, ...]:
    """Return what a release to *deployment*, the name of its table, would run into if it began at *at*."""
    config = DEPLOYMENTS.of(edition.bindings)[deployment].config
    system = edition.bindings.system
    return (
        *frozen(_freezes(edition, config), at, system.zone),
        *under_maintenance(_maintenance(edition, config, at), system.zone),
        *due_meanwhile(CollisionKind.BATCH, _batches(edition), system, at),
        *due_meanwhile(CollisionKind.BACKUP, _backups(edition), system, at),
        *_under_way(edition, at, now),
        *on_day_off(system, at),
        *_alerts(),
    )


def _freezes(edition: Edition, config: DeploymentBinding) -> Iterator[Freeze]:
    services = RELEASES.of(edition.bindings)
    chosen = config.service or (next(iter(services)) if len(services) == 1 else "")
    if chosen in services:
        yield from (each.of(edition.bindings.system.zone) for each in services[chosen].config.freezes)


def _maintenance(edition: Edition, config: DeploymentBinding, at: datetime) -> Sequence[Span]:
    targets = config.targets or ("",)
    design, system = edition.design, edition.bindings.system
    return merged(span for target in targets for span in planned(target, design, system, (at, at + LASTS)))


def _batches(edition: Edition) -> Sequence[tuple[Clause, str]]:
    return [(each, each.name or each.batch_id) for each in edition.design.of(Batch)]


def _backups(edition: Edition) -> Sequence[tuple[Clause, str]]:
    return [(each, f"{each.subject} {each.method}") for each in edition.design.of(BackupPolicy)]


def _under_way(edition: Edition, at: datetime, now: datetime) -> Iterator[Collision]:
    """Yield what runs now, if the release is to begin so soon that it may still be running."""
    if at - now > LASTS:
        return
    known = {
        **{row.id: (CollisionKind.BATCH, name) for row, name in _batches(edition)},
        **{row.id: (CollisionKind.BACKUP, name) for row, name in _backups(edition)},
    }
    for run in Run.objects.filter(state=Run.State.RUNNING, clause_id__in=list(known)).order_by("pk"):
        kind, name = known[run.clause_id]
        yield Collision(kind, Message("release-rows.runs-now", name=name, run=run.pk))


def _alerts() -> Iterator[Collision]:
    """Yield the open alerts that speak against any change: critical ones, and budgets that burn."""
    found = Alert.objects.filter(resolved_at=None).exclude(clause_id__startswith=_OWN).order_by("opened_at")
    for alert in found:
        if alert.key.endswith(_BURN):
            said = Message("release-rows.budget-burns", subject=alert.subject, value=alert.value)
            yield Collision(CollisionKind.BUDGET, said)
        elif alert.condition == Condition.CRITICAL and not alert.is_event:
            said = Message("release-rows.is-critical", subject=alert.subject, value=alert.value)
            yield Collision(CollisionKind.ALERT, said)
