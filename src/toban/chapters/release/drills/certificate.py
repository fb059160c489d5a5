"""The certificate of a rollback drill: what an auditor wants to see of it, on one sheet."""

from datetime import datetime, timedelta

from toban.chapters.release.drills.record import checks_of
from toban.chapters.release.models import RollbackDrill
from toban.design.reader import Design
from toban.engine.amounts import length
from toban.engine.bindings.model import System
from toban.engine.evidence.certificate import MARKS, Certificate, CertificateLine
from toban.message import Message, plain

RESULTS = {
    True: Message("release-rows.result-passed"),
    False: Message("release-rows.result-failed"),
    None: Message("release-rows.result-unknown"),
}


def certificate(drill: RollbackDrill, design: Design, system: System) -> Certificate:
    """Return the certificate of *drill*, with times in the document's time zone."""
    release, zone = drill.release, system.zone
    row = next((clause for clause in design.clauses if clause.id == release.clause_id), None)
    begun, ended = release.began_at or release.ordered_at, release.ended_at or release.ordered_at
    held = Message(
        "release-rows.held-from-to",
        begun=f"{begun.astimezone(zone):%Y-%m-%d %H:%M:%S}",
        ended=f"{ended.astimezone(zone):%H:%M:%S %Z}",
    )
    former = release.former.label if release.former is not None else ""
    facts = [
        (Message("release-rows.system"), plain(system.name or design.document)),
        (Message("release-rows.environment"), plain(release.environment)),
        (
            Message("release-rows.ordered-by-row"),
            plain(f"{row.origin} {row.text}") if row is not None else plain(release.clause_id),
        ),
        (Message("release-rows.held"), held),
        (Message("release-rows.served-before"), plain(former)),
        (Message("release-rows.went-back-to"), plain(f"{release.artifact.label} {release.artifact.digest}")),
        (Message("release-rows.back-within"), _measured(drill)),
        (Message("release-rows.restored"), _moment(drill.restored_at, system)),
    ]
    result = RESULTS[drill.is_passed]
    if drill.reason:
        result = Message("release-rows.result-and-reason", result=result, reason=drill.reason)
    return Certificate(
        title=Message("release-rows.certificate"),
        result=result,
        at=ended.astimezone(zone),
        facts=facts,
        checks_heading=Message("release-rows.checks"),
        checks=[CertificateLine(MARKS[each.is_passed], each.name, each.found) for each in checks_of(drill)],
        phases_heading=Message("release-rows.phases-heading"),
        phases=[
            (Message(f"release-rows.phase-{name}"), _seconds(took)) for name, took in drill.phases.items()
        ],
        footer=Message(
            "release-rows.certificate-footer", release=release.pk, evidence=drill.evidence_sequence
        ),
    )


def _measured(drill: RollbackDrill) -> Message:
    if drill.seconds is None:
        return Message("release-rows.not-reached")
    if drill.limit_seconds is None:
        return _seconds(drill.seconds)
    limit = length(timedelta(seconds=drill.limit_seconds))
    return Message("release-rows.measured-and-limit", measured=_seconds(drill.seconds), limit=limit)


def _moment(at: datetime | None, system: System) -> Message:
    if at is None:
        return Message("release-rows.not-reached")
    return plain(f"{at.astimezone(system.zone):%Y-%m-%d %H:%M:%S %Z}")


def _seconds(seconds: float) -> Message:
    return Message("common.seconds", count=f"{seconds:,.1f}")
