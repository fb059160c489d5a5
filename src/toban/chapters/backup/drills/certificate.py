"""The certificate of a drill: what an auditor wants to see of it, on one sheet."""

from toban.chapters.backup.drills.check import RESULTS, Check, checks_of
from toban.chapters.backup.models import Drill
from toban.chapters.backup.report import phase
from toban.design.clauses.backup import RecoveryObjective
from toban.design.reader import Design
from toban.engine.bindings.model import System
from toban.engine.evidence.certificate import MARKS, Certificate, CertificateLine
from toban.message import Message, plain


def certificate(drill: Drill, design: Design, system: System) -> Certificate:
    """Return the certificate of *drill*, with times in the document's time zone."""
    zone = system.zone
    ordered = next((clause for clause in design.clauses if clause.id == drill.clause_id), None)
    limits = {each.objective: str(each.limit) for each in design.of(RecoveryObjective)}
    begun = drill.started_at.astimezone(zone)
    ended = (drill.ended_at or drill.started_at).astimezone(zone)
    clause = plain(f"{ordered.origin} {ordered.text}") if ordered is not None else None
    held = Message("backup.held-from-to", begun=f"{begun:%Y-%m-%d %H:%M:%S}", ended=f"{ended:%H:%M:%S %Z}")
    target = f"{drill.target.astimezone(zone):%Y-%m-%d %H:%M:%S %Z}" if drill.target else "−"
    facts = [
        (Message("backup.system"), plain(system.name or design.document)),
        (Message("backup.subject-of-drill"), plain(drill.subject)),
        (Message("backup.ordered-by"), clause or Message("backup.ordered-by-hand")),
        (Message("backup.backup"), plain(drill.label)),
        (Message("backup.held"), held),
        (Message("backup.recovered-to"), plain(target)),
        (Message("backup.rpo"), _measured(drill.rpo_seconds, limits.get("RPO"))),
        (Message("backup.rto"), _measured(drill.rto_seconds, limits.get("RTO"))),
    ]
    result = RESULTS[drill.is_passed]
    if drill.reason:
        result = Message("backup.result-and-reason", result=result, reason=drill.reason)
    return Certificate(
        title=Message("backup.certificate"),
        result=result,
        at=ended,
        facts=facts,
        checks_heading=Message("backup.checks"),
        checks=[_line(each) for each in checks_of(drill)],
        phases_heading=Message("backup.phases"),
        phases=[(phase(name), _seconds(seconds)) for name, seconds in drill.phases.items()],
        footer=Message("backup.certificate-footer", drill=drill.pk, evidence=drill.evidence_sequence),
    )


def _line(check: Check) -> CertificateLine:
    found = check.found
    if not check.passed:
        found = Message("backup.found-and-wanted", found=check.found, wanted=check.wanted)
    return CertificateLine(MARKS[check.passed], check.name, found)


def _measured(seconds: float | None, limit: str | None) -> Message:
    measured = _seconds(seconds) if seconds is not None else Message("backup.could-not-be-measured")
    return Message("backup.measured-and-limit", measured=measured, limit=limit) if limit else measured


def _seconds(seconds: float) -> Message:
    return Message("backup.seconds", seconds=f"{seconds:,.1f}")
