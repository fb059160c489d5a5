"""Editions that came into force, read as changes. Pure."""

from collections.abc import Mapping, Sequence

from toban.engine.changes.act import EDITION, ActReader, ChangeFacts, ChangeKind, Content
from toban.message import Message, from_json

IN_FORCE = "in_force"
"""The key of the document's name in an entry about an edition that came into force."""
PLAN, ROWS, TABLES, IS_COMPARED = "plan", "rows", "tables", "is_compared"
"""What it changed, the rows and tables that changed, and whether the edition before it was known."""
_BINDINGS_CHANGED = frozenset({"engine.bindings-changed", "engine.tables-changed"})


def _edition(content: Content) -> ChangeFacts | None:
    plan = tuple(from_json(each) for each in content.get(PLAN) or ())
    if IN_FORCE not in content or (not plan and content.get(IS_COMPARED, True)):
        # Waiting, refused, confirmed, or the edition before it is in force again.
        return None
    document = content[IN_FORCE]
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
        _about(content, plan),
        plan,
    )


def _about(content: Content, plan: Sequence[Message]) -> tuple[str, ...]:
    """Return the rows that changed and the names of the tables; nothing if it may concern everything."""
    names = [str(name) for _table, name in content.get(TABLES) or ()]
    is_bound_otherwise = any(each.code in _BINDINGS_CHANGED for each in plan)
    if is_bound_otherwise and not (names and all(names)):
        return ()
    return (*(content.get(ROWS) or content.get("stopped") or ()), *names)


ACTS: Mapping[str, ActReader] = {EDITION: _edition}
