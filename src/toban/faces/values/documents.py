"""Documents of chapter 12 as JSON values: the same by command and by the API."""

from collections.abc import Collection, Sequence

from toban.chapters.documents.plan import DocumentsPlan
from toban.chapters.documents.states import DocumentState, states
from toban.engine.changes.act import ChangeKind, key_of


def touched(plan: DocumentsPlan, kind: ChangeKind | None, about: Collection[str]) -> Sequence[DocumentState]:
    """Return the documents that follow changes and that one of *kind* about these names touches; all, if
    neither is said.
    """
    names = [key_of(each) for each in about]
    found = states(plan)
    if kind is None and not names:
        return found
    asked = kind or ChangeKind.OTHER
    return [
        each
        for each in found
        if each.document.row.follows_changes and each.document.subjects.touched_by(asked, names)
    ]


def document_values(state: DocumentState, plan: DocumentsPlan) -> dict[str, object]:
    """Return *state* as JSON values, with times in UTC."""
    document, here, reading = state.document, state.here, state.reading
    return {
        "name": document.row.name,
        "clause": document.row.id,
        "about": list(document.about),
        "is_confirmed": document.is_confirmed,
        "unknown": list(document.unknown),
        "place": here.place if here is not None else None,
        "version": here.version if here is not None else "",
        "changed_at": here.changed_at.isoformat() if here is not None and here.changed_at else None,
        "changed_by": here.changed_by if here is not None else "",
        "read_at": reading.read_at.isoformat() if reading is not None and reading.read_at else None,
        "read_by": reading.username if reading is not None else "",
        "read_seconds": int(reading.seconds) if reading is not None else 0,
        "places": [
            {
                "name": each.place,
                "looked_at": each.looked_at.isoformat(),
                "is_missing": each.is_missing,
                "trouble": each.trouble.as_output() if each.trouble else None,
            }
            for each in state.copies
        ],
        "pending": [
            {
                "change": each.change.pk,
                "at": each.change.at.isoformat(),
                "until": plan.until(each.change.at).isoformat(),
                "text": each.facts.said.as_output(),
            }
            for each in state.pending
        ],
        "vanished": [each.as_output() for each in state.vanished],
    }
