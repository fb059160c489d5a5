"""Editions that came into force, read as changes. Pure."""

from collections.abc import Mapping

from toban.engine.changes.act import EDITION, ActReader, ChangeFacts, ChangeKind, Content
from toban.message import Message, from_json

IN_FORCE = "in_force"
"""The key of the document's name in an entry about an edition that came into force."""
PLAN, ROWS, IS_COMPARED = "plan", "rows", "is_compared"
"""What it changed, the rows that changed, and whether the edition before it was known."""
BINDINGS_CHANGED = "engine.bindings-changed"


def _edition(content: Content) -> ChangeFacts | None:
    plan = tuple(from_json(each) for each in content.get(PLAN) or ())
    if IN_FORCE not in content or (not plan and content.get(IS_COMPARED, True)):
        # Waiting, refused, confirmed, or the edition before it is in force again.
        return None
    document, is_bound_otherwise = content[IN_FORCE], any(each.code == BINDINGS_CHANGED for each in plan)
    if not plan:
        return ChangeFacts(ChangeKind.DOCUMENT, Message("engine.change-in-force", document=document))
    is_settings = all(each.code.startswith("engine.") for each in plan)
    return ChangeFacts(
        ChangeKind.SETTINGS if is_settings else ChangeKind.DOCUMENT,
        Message(
            "engine.change-settings" if is_settings else "engine.change-document",
            document=document,
            count=len(plan),
        ),
        # Other bindings may concern everything.
        () if is_bound_otherwise else tuple(content.get(ROWS) or content.get("stopped") or ()),
        plan,
    )


ACTS: Mapping[str, ActReader] = {EDITION: _edition}
