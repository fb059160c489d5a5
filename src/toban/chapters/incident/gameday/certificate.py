"""The certificate of a game day: every time beside the document's limit, on one sheet."""

from datetime import datetime

from toban.chapters.incident.gameday.watching import check_from_json
from toban.chapters.incident.models import GameDay
from toban.design.reader import Design
from toban.engine.bindings.model import System
from toban.engine.evidence.certificate import MARKS, Certificate, CertificateLine
from toban.message import Message, plain

RESULTS = {
    GameDay.State.RUNNING: Message("incident-gameday.state-running"),
    GameDay.State.PASSED: Message("incident-gameday.state-passed"),
    GameDay.State.FAILED: Message("incident-gameday.state-failed"),
}


def certificate(game_day: GameDay, design: Design, system: System) -> Certificate:
    """Return the certificate of *game_day*, with times in the document's time zone."""
    row = next((clause for clause in design.clauses if clause.id == game_day.clause_id), None)
    ended = game_day.ended_at or game_day.broken_at
    ordered_by = plain(f"{row.origin} {row.text}" if row is not None else game_day.clause_id)
    found = [check_from_json(each) for each in game_day.checks]
    return Certificate(
        title=Message("incident-gameday.certificate"),
        result=Message(
            "incident-gameday.result-said", state=RESULTS[GameDay.State(game_day.state)], said=game_day.said
        ),
        at=ended.astimezone(system.zone),
        facts=[
            (Message("incident-gameday.system"), plain(system.name or design.document)),
            (Message("incident-gameday.failure"), plain(game_day.pattern)),
            (Message("incident-gameday.ordered-by-row"), ordered_by),
            (Message("incident-gameday.incident"), _incident(game_day)),
        ],
        checks_heading=Message("incident-gameday.checks"),
        checks=[CertificateLine(MARKS[each.is_passed], each.name, each.found) for each in found],
        phases_heading=Message("incident-gameday.times"),
        phases=[
            (Message(f"incident-gameday.time-{name}"), _moment(at, system))
            for name, at in sorted(game_day.times.items(), key=lambda each: each[1])
        ],
        footer=Message(
            "incident-gameday.footer", number=game_day.pk, evidence=game_day.evidence_sequence or 0
        ),
    )


def _incident(game_day: GameDay) -> Message:
    number = game_day.incident_id
    return plain(f"#{number}") if number is not None else Message("incident-gameday.no-incident")


def _moment(written: str, system: System) -> Message:
    at = datetime.fromisoformat(written).astimezone(system.zone)
    return plain(f"{at:%Y-%m-%d %H:%M:%S %Z}")
