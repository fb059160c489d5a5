"""A change as JSON values, with times in UTC: on the terminal, in the API and in webhooks."""

from toban.engine.changes.query import TellingChange


def change_values(told: TellingChange) -> dict[str, object]:
    """Return the change as JSON values."""
    change, facts = told.change, told.facts
    return {
        "entry": change.pk,
        "at": change.at.isoformat(),
        "recorded_at": change.entry.at.isoformat(),
        "kind": facts.kind,
        "by": change.actor,
        "what": facts.said.as_output(),
        "details": [each.as_output() for each in facts.details],
        "note": facts.note.as_output() if facts.note else None,
        "clause": change.entry.clause_id,
        "about": list(facts.about),
        "url": facts.url or None,
    }
