"""What a worker does about remedies, and what is tried before they are needed."""

from collections.abc import Iterator
from datetime import datetime
from functools import partial

from django.conf import settings

from toban.chapters.incident.plan import IncidentPlan, PlannedRemedy
from toban.chapters.incident.remedies import settling, telling
from toban.chapters.incident.remedies.proposing import Proposer
from toban.chapters.incident.remedies.remedy import REMEDIES, RemedySite
from toban.chapters.incident.remedies.works import works
from toban.chapters.incident.rows import patterns
from toban.engine.editions.edition import Edition
from toban.engine.notify import alerts
from toban.engine.registry.ports import Ports
from toban.engine.trial import Doubt, Trial, TrialCode, place_of, quote_of
from toban.message import Message


def turn(plan: IncidentPlan, edition: Edition, ports: Ports, now: datetime) -> None:
    """Settle what remedies have done, order what is due, and call people where none helps."""
    settling.settle_all(plan, now)
    Proposer(plan, works(plan), edition, ports).propose(now)
    alerts.report(list(telling.signals(plan, edition, now)), now, plan.document_digest)


def show(plan: IncidentPlan, now: datetime) -> None:
    """Show the status of the rows of known failures."""
    patterns.show(plan, works(plan), now)


def trials(plan: IncidentPlan, edition: Edition) -> Iterator[Trial]:
    """Yield what to try of each remedy that is bound to a row."""
    bindings = edition.bindings
    for remedy in {each.name: each for each in plan.remedies}.values():
        yield Trial(
            TrialCode.REMEDY,
            Message("incident-remedies.trial", remedy=remedy.name),
            place_of(bindings, "remedies", remedy.name),
            quote_of("remedies", remedy.name, REMEDIES.of(bindings)[remedy.name]),
            partial(_doubts, remedy, edition),
            Message("incident-remedies.check"),
        )


def _doubts(remedy: PlannedRemedy, edition: Edition) -> Iterator[Doubt]:
    if not remedy.targets:
        said = Message("incident-remedies.mends-nothing", failure=remedy.row.name)
        yield said, Message("incident-remedies.name-a-target")
    target = remedy.targets[0] if remedy.targets else ""
    folder = edition.bindings.folder.absolute()
    site = RemedySite(remedy.name, target, folder, settings.HOME, settings.PARTS.ports, edition)
    yield from remedy.kind.doubts(remedy.config, site)
