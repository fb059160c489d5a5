"""What the tables say about targets and their remedies, as the decisions take it."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q, QuerySet

from toban.chapters.incident.models import RemedyUse
from toban.chapters.incident.plan import IncidentPlan, PlannedRemedy
from toban.chapters.incident.remedies.guard import OPEN_FOR, PastEffect, PastUse, TargetSeen
from toban.chapters.incident.remedies.lingering import LONGEST, lingering
from toban.chapters.incident.remedies.matching import Match, match, symptom
from toban.chapters.incident.remedies.works import YES
from toban.design.clauses.monitoring import Monitor
from toban.design.clauses.objectives import MaintenanceWindow
from toban.design.reader import Design
from toban.design.values.metric import Metric
from toban.engine.editions.edition import Edition
from toban.engine.evidence.current import statuses
from toban.engine.evidence.verdict import Verdict
from toban.engine.instances.offered import ROLLBACKS
from toban.engine.notify.models import Alert, Maintenance
from toban.engine.notify.routing.maintenance import AnnouncedMaintenance, OpenWindow, open_window, window_for
from toban.engine.notify.routing.muting import Causes, OpenAlert
from toban.engine.notify.signal import NO_DATA_SUFFIX, WHOLE_TARGET, Condition
from toban.engine.registry.ports import Ports
from toban.engine.runs.models import Run
from toban.engine.runs.rules import BY_ITSELF
from toban.message import NOTHING, Message, plain

_OPEN = (Run.State.WAITING, Run.State.RUNNING)
_EFFECTS = {
    RemedyUse.Effect.PENDING: PastEffect.PENDING,
    RemedyUse.Effect.RECOVERED: PastEffect.HELPED,
    RemedyUse.Effect.NO_EFFECT: PastEffect.IN_VAIN,
    RemedyUse.Effect.WORSE: PastEffect.IN_VAIN,
    RemedyUse.Effect.NOT_RUN: PastEffect.NOT_DONE,
}


@dataclass(frozen=True, slots=True)
class MatchedAlert:
    """An open alert that is the symptom of a known failure."""

    alert: Alert
    match: Match

    @property
    def target(self) -> str:
        """What it is about, by the document's name."""
        return str(self.alert.labels.get("target", ""))

    @property
    def instance(self) -> str:
        """The instance that it is about; empty if it is about none."""
        return str(self.alert.labels.get("instance", ""))

    @property
    def is_critical(self) -> bool:
        """Whether it is critical; a target of which nothing is measured any more is down."""
        return self.alert.condition in (Condition.CRITICAL, Condition.NO_DATA)


def matched(
    plan: IncidentPlan, design: Design, alerts: Sequence[Alert], now: datetime
) -> Sequence[MatchedAlert]:
    """Return those of the open *alerts* that are symptoms of known failures."""
    silent = silent_targets(design, alerts, now)
    found: list[MatchedAlert] = []
    told = set[tuple[str, str]]()
    for alert in alerts:
        condition = Condition(alert.condition)
        known = match(symptom(alert.labels, condition, silent), plan.patterns)
        if known is None:
            continue
        each = MatchedAlert(alert, known)
        if condition is Condition.NO_DATA:
            # All rows of a target that is down are silent: the first stands for them.
            if (known.row.id, each.target) in told:
                continue
            told.add((known.row.id, each.target))
        found.append(each)
    return found


def open_alerts() -> Sequence[Alert]:
    """Return the alerts that are open, the oldest first."""
    bad = (Condition.WARNING, Condition.CRITICAL, Condition.NO_DATA)
    return list(Alert.objects.filter(resolved_at=None, condition__in=bad).order_by("pk"))


def silent_targets(design: Design, alerts: Iterable[Alert], now: datetime) -> Collection[str]:
    """Return the targets of which no row measures anything any more, though it did."""
    silent: dict[str, set[str]] = defaultdict(set)
    for alert in alerts:
        if alert.condition == Condition.NO_DATA and alert.labels.get(WHOLE_TARGET):
            silent[alert.labels.get("target", "")].add(alert.clause_id)
    if not silent:
        return ()
    # Logs that nobody writes any more are counted all the same.
    monitors = [row for row in design.of(Monitor) if row.metric is not Metric.LOG_COUNT]
    unmeasured = (Verdict.UNBOUND, Verdict.DECLARED)
    shown = statuses(now, [row.id for row in monitors])
    measured = {each.clause_id for each in shown if each.verdict not in unmeasured}
    rows: dict[str, set[str]] = defaultdict(set)
    for row in monitors:
        if row.id in measured:
            rows[row.target].add(row.id)
    return {target for target, ids in rows.items() if target and ids <= silent.get(target, set())}


@dataclass(frozen=True, slots=True)
class UsesSeen:
    """The uses of remedies that still count."""

    uses: Sequence[RemedyUse]

    def of_target(self, target: str) -> Sequence[PastUse]:
        """Return those for *target*."""
        return [past(use) for use in self.uses if use.target == target]

    def of_alert(self, alert: Alert, remedies: Collection[str]) -> Sequence[PastUse]:
        """Return those of *remedies* for *alert*."""
        return [past(use) for use in self.uses if use.alert_id == alert.pk and use.remedy in remedies]


def uses_seen(alerts: Collection[Alert], now: datetime) -> UsesSeen:
    """Return the uses that are pending, of the last days, or for one of *alerts*."""
    counts = Q(settled_at=None) | Q(settled_at__gt=now - OPEN_FOR) | Q(wanted_at__gt=now - OPEN_FOR)
    found = RemedyUse.objects.filter(counts | Q(alert__in=[alert.pk for alert in alerts]))
    return UsesSeen(list(found.select_related("run", "alert").order_by("wanted_at", "pk")))


def past(use: RemedyUse) -> PastUse:
    """Return *use* as the guard takes it."""
    effect, run = _EFFECTS[RemedyUse.Effect(use.effect)], use.run
    if run is not None and run.state == Run.State.SHADOW:
        effect = PastEffect.ONLY_SHOWN
    is_running = run is not None and run.state in _OPEN
    instance = str(use.alert.labels.get("instance", ""))
    return PastUse(use.remedy, instance, effect, use.wanted_at, is_running, use.settled_at)


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What else decides whether a remedy is done now, read once for all."""

    edition: Edition
    ports: Ports
    now: datetime
    announced: Sequence[AnnouncedMaintenance]
    by_document: OpenWindow | None
    unmeasured: Collection[str]
    """The keys of the values that are not measured now."""
    troubles: Sequence[OpenAlert]
    ended: Sequence[Alert]
    """Alerts that ended lately: what they caused may linger."""

    @classmethod
    def load(cls, edition: Edition, ports: Ports, alerts: Iterable[Alert], now: datetime) -> "Surroundings":
        """Read them."""
        system = edition.bindings.system
        announced = [
            AnnouncedMaintenance(f"{each.author}: {each.reason}", frozenset(each.targets), each.ends_at)
            for each in Maintenance.objects.holding(now)
        ]
        windows = edition.design.of(MaintenanceWindow)
        by_document = open_window(windows, zone=system.zone, business=system.business, now=now)
        silent = {each.key for each in alerts if each.condition == Condition.NO_DATA}
        ended = list(Alert.objects.filter(resolved_at__gt=now - LONGEST, condition=Condition.CRITICAL))
        troubles = [_trouble(each) for each in alerts]
        return cls(edition, ports, now, announced, by_document, silent, troubles, ended)

    def of(self, found: MatchedAlert, remedy: PlannedRemedy, uses: UsesSeen) -> TargetSeen:
        """Return what is known of the target of *found*."""
        alert = found.alert
        window = window_for(alert.labels, self.announced, self.by_document)
        cause = self._cause(alert)
        return TargetSeen(
            at=self.now,
            past=uses.of_target(found.target),
            done_by_people=_done_by_people(remedy, found.target),
            maintenance=NOTHING if window is None else plain(window.citation),
            release=self._release(remedy.config.deployment),
            is_unmeasured=f"{alert.key}{NO_DATA_SUFFIX}" in self.unmeasured,
            cause=NOTHING if cause is None else cause.subject,
        )

    def _cause(self, alert: Alert) -> OpenAlert | None:
        """Return the alert that is, or was until a moment ago, the cause of *alert*."""
        past = lingering(self.edition.design, alert.clause_id)
        ended = (
            _trouble(each)
            for each in self.ended
            if each.resolved_at and past.is_of(each.resolved_at, alert.began_at, self.now)
        )
        causes = Causes((*ended, *self.troubles))
        return causes.of(_trouble(alert), self.edition.bindings.runs_on)

    def _release(self, deployment: str) -> Message:
        if not deployment:
            return NOTHING
        found = (find(self.edition, deployment) for find in self.ports.all(ROLLBACKS))
        return next((each.under_way() for each in found if each is not None), NOTHING)


def _trouble(alert: Alert) -> OpenAlert:
    return OpenAlert(alert.key, alert.subject, Condition(alert.condition), alert.labels)


def _done_by_people(remedy: PlannedRemedy, target: str) -> datetime | None:
    ordered: QuerySet[Run] = Run.objects.filter(work=remedy.key, state=Run.State.DONE)
    ordered = ordered.exclude(ordered_by__in=BY_ITSELF).filter(parameters__target=target)
    newest = ordered.exclude(parameters__dry_run=YES).order_by("-ended_at").first()
    return newest.ended_at if newest is not None else None


def names_of(remedies: Iterable[PlannedRemedy]) -> Sequence[str]:
    """Return the names of *remedies*, in the order of the row."""
    return tuple(dict.fromkeys(each.name for each in remedies))


def by_name(remedies: Iterable[PlannedRemedy]) -> Mapping[str, PlannedRemedy]:
    """Return *remedies* by name."""
    return {each.name: each for each in remedies}
