"""What is done about open alerts: remedies are ordered, or held back with the reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import structlog
from django.db import transaction

from toban.chapters.incident.models import IncidentAlert, RemedyUse
from toban.chapters.incident.plan import IncidentPlan, PlannedRemedy
from toban.chapters.incident.remedies import seen
from toban.chapters.incident.remedies.guard import Guarded, GuardTerms, Stand, guard, next_of
from toban.chapters.incident.remedies.seen import MatchedAlert, Surroundings, UsesSeen
from toban.chapters.incident.remedies.works import NO
from toban.design.values.severity import AlertLevel
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.notify.signal import LEVEL_OF, Condition
from toban.engine.registry.ports import Ports
from toban.engine.runs.models import Run
from toban.engine.runs.triggered import open_run
from toban.engine.runs.work import Work
from toban.message import Message

log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Proposer:
    """Orders the remedies of one edition."""

    plan: IncidentPlan
    works: Mapping[str, Work]
    edition: Edition
    ports: Ports

    def propose(self, now: datetime) -> None:
        """Order what is due for each open alert that is the symptom of a known failure."""
        if not self.plan.remedies:
            return
        alerts = seen.open_alerts()
        found = [
            each for each in seen.matched(self.plan, self.edition.design, alerts, now) if self._due(each)
        ]
        if not found:
            return
        around = Surroundings.load(self.edition, self.ports, alerts, now)
        for each in found:
            # What was ordered for the alert before counts for this one.
            uses = seen.uses_seen([each.alert], now)
            wanted = self._next(each, uses)
            if wanted is not None:
                self._take(each, wanted, guard(_terms(each, wanted), around.of(each, wanted, uses)), now)

    def _due(self, found: MatchedAlert) -> bool:
        return any(_is_due(found, each) for each in self.plan.remedies_of(found.match.row))

    def _next(self, found: MatchedAlert, uses: UsesSeen) -> PlannedRemedy | None:
        due = [each for each in self.plan.remedies_of(found.match.row) if _is_due(found, each)]
        names = seen.names_of(due)
        name = next_of(names, uses.of_alert(found.alert, names))
        return None if name is None else seen.by_name(due)[name]

    def _take(self, found: MatchedAlert, wanted: PlannedRemedy, decided: Guarded, now: datetime) -> None:
        if decided.stand is Stand.WAIT or wanted.key not in self.works:
            return
        with transaction.atomic():
            ledger.hold()
            if decided.stand is Stand.HOLD:
                _record(found, wanted, None, decided.why, now)
                log.warning("remedy_held", remedy=wanted.name, target=found.target, alert=found.alert.pk)
                return
            parameters = {"alert": str(found.alert.pk), "target": found.target, "dry_run": NO}
            if found.instance:
                parameters["instance"] = found.instance
            run = open_run(self.works[wanted.key], wanted.row.id, parameters, now)
            if run is not None:
                _record(found, wanted, run, found.match.why, now)
                log.info("remedy_ordered", remedy=wanted.name, target=found.target, run=run.pk)


def _is_due(found: MatchedAlert, remedy: PlannedRemedy) -> bool:
    """Return whether the alert has the level from which on *remedy* is done about its target."""
    if found.target not in remedy.targets:
        return False
    levels = list(AlertLevel)
    level = AlertLevel.CRITICAL if found.is_critical else LEVEL_OF[Condition(found.alert.condition)]
    return levels.index(level) <= levels.index(remedy.config.act_from)


def _terms(found: MatchedAlert, remedy: PlannedRemedy) -> GuardTerms:
    config = remedy.config
    return GuardTerms(remedy.name, found.instance, config.each_instance, config.most)


def _record(
    found: MatchedAlert, remedy: PlannedRemedy, run: Run | None, said: Message, now: datetime
) -> None:
    joined = IncidentAlert.objects.filter(alert=found.alert).first()
    RemedyUse.objects.create(
        remedy=remedy.name,
        clause_id=remedy.row.id,
        target=found.target,
        incident_id=joined.incident_id if joined is not None else None,
        alert=found.alert,
        run=run,
        wanted_at=now,
        said=said,
        effect=RemedyUse.Effect.PENDING if run is not None else RemedyUse.Effect.NOT_RUN,
        settled_at=None if run is not None else now,
    )
