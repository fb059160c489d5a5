"""The record of a drill: its row, its evidence, and the end of its release."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction

from toban.chapters.release.models import Release, RollbackDrill
from toban.chapters.release.ordering.orders import end
from toban.engine.amounts import length
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.message_field import storable
from toban.message import NOTHING, Message, from_json, listing

_VERDICTS = {True: Verdict.CONFORMING, False: Verdict.DEVIATING, None: Verdict.NOT_MEASURABLE}


@dataclass(frozen=True, slots=True)
class DrillCheck:
    """Something that a drill verified."""

    name: Message
    found: Message
    is_passed: bool

    def as_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        return {"name": self.name.as_json(), "found": self.found.as_json(), "is_passed": self.is_passed}

    @classmethod
    def from_json(cls, kept: Mapping[str, Any]) -> "DrillCheck":
        """Return a check as it was kept."""
        return cls(from_json(kept["name"]), from_json(kept["found"]), bool(kept["is_passed"]))


@dataclass(slots=True)
class DrillOutcome:
    """What a drill showed; its times stand in its release."""

    limit: timedelta | None
    phases: dict[str, float] = field(default_factory=dict)
    checks: list[DrillCheck] = field(default_factory=list)
    reason: Message = NOTHING
    """Why it ended early."""
    restored_at: datetime | None = None
    """When the version that served before served again everywhere."""

    @property
    def is_passed(self) -> bool:
        """Whether all went as it must."""
        return not self.reason and all(each.is_passed for each in self.checks)

    @property
    def why_not(self) -> Message:
        """Why it did not pass."""
        failed = [
            Message("release-rows.about-check", name=each.name, found=each.found)
            for each in self.checks
            if not each.is_passed
        ]
        return self.reason or listing(failed)


def keep(release: Release, outcome: DrillOutcome, now: datetime) -> RollbackDrill:
    """Keep what *release*, a drill, showed, with its evidence, and end it."""
    took = release.served_at - release.decided_at if release.served_at and release.decided_at else None
    with transaction.atomic():
        ledger.hold()
        drill = RollbackDrill.objects.filter(release=release).first() or RollbackDrill(release=release)
        drill.is_passed, drill.reason = outcome.is_passed, outcome.why_not
        drill.seconds = took.total_seconds() if took is not None else None
        drill.limit_seconds = outcome.limit.total_seconds() if outcome.limit is not None else None
        drill.phases = {name: round(seconds, 3) for name, seconds in outcome.phases.items()}
        drill.checks = [each.as_json() for each in outcome.checks]
        drill.restored_at = outcome.restored_at
        drill.save()
        (entry,) = ledger.append(_evidence(drill, release), now=now)
        drill.evidence_sequence = entry.sequence
        drill.save(update_fields=["evidence_sequence"])
        state = Release.State.DONE if outcome.is_passed else Release.State.FAILED
        end(release, state, summary(drill), now)
    return drill


def summary(drill: RollbackDrill) -> Message:
    """Return what came of *drill* in one line: the text of its run."""
    if drill.is_passed and drill.seconds is not None:
        return Message("release-rows.drill-passed", took=length(timedelta(seconds=drill.seconds)))
    return Message("release-rows.drill-not-passed", why=drill.reason)


def checks_of(drill: RollbackDrill) -> Sequence[DrillCheck]:
    """Return what *drill* verified."""
    return [DrillCheck.from_json(each) for each in drill.checks]


def _evidence(drill: RollbackDrill, release: Release) -> ledger.Record:
    times = {
        name: at.isoformat()
        for name in ("began_at", "decided_at", "served_at", "checked_at")
        if (at := getattr(release, name)) is not None
    }
    content = {
        "verdict": _VERDICTS[drill.is_passed].value,
        "event": "rollback-drill",
        "release": release.pk,
        "deployment": release.deployment,
        "version": release.artifact.label,
        "digest": release.artifact.digest,
        "former": release.former.label if release.former is not None else "",
        "seconds": drill.seconds,
        "limit_seconds": drill.limit_seconds,
        "phases": drill.phases,
        "checks": drill.checks,
        "restored_at": drill.restored_at.isoformat() if drill.restored_at is not None else "",
        "reason": storable(drill.reason).as_json(),
        **times,
    }
    return ledger.Record(
        LedgerEntry.Kind.VERDICT,
        content,
        clause_id=release.clause_id,
        document_digest=release.document_digest,
    )
