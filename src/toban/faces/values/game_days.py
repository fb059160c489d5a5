"""Game days as JSON: for the API and commands."""

from collections.abc import Mapping

from toban.chapters.incident.gameday.watching import Check, check_from_json
from toban.chapters.incident.models import GameDay


def game_day_values(game_day: GameDay) -> Mapping[str, object]:
    """Return *game_day* with every time beside its limit, times in UTC."""
    return {
        "game_day": game_day.pk,
        "failure": game_day.pattern,
        "clause": game_day.clause_id,
        "state": game_day.state,
        "run": game_day.run_id,
        "incident": game_day.incident_id,
        "broken_at": game_day.broken_at.isoformat(),
        "ended_at": game_day.ended_at.isoformat() if game_day.ended_at is not None else None,
        "times": game_day.times,
        "parts": [_part_of_chain(check_from_json(each)) for each in game_day.checks],
        "said": game_day.said.as_output() if game_day.said else None,
        "evidence": game_day.evidence_sequence,
    }


def _part_of_chain(check: Check) -> Mapping[str, object]:
    return {
        "part": check.part.value,
        "passed": check.is_passed,
        "took_seconds": check.took.total_seconds() if check.took is not None else None,
        "limit_seconds": check.limit.total_seconds() if check.limit is not None else None,
        "said": check.found.as_output(),
    }
