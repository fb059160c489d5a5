"""Every chapter's shapes. Adding a chapter touches its module and one line here."""

from toban.design.clauses import (
    backup,
    batch,
    capacity,
    cost,
    decisions,
    documents,
    duty,
    incident,
    logs,
    monitoring,
    objectives,
    release,
    routine,
    security,
)

CHAPTERS = (
    decisions.SHAPES,
    duty.SHAPES,
    objectives.SHAPES,
    monitoring.SHAPES,
    logs.SHAPES,
    backup.SHAPES,
    release.SHAPES,
    batch.SHAPES,
    incident.SHAPES,
    security.SHAPES,
    capacity.SHAPES,
    cost.SHAPES,
    documents.SHAPES,
    routine.SHAPES,
)

TABLES = tuple(shape for chapter in CHAPTERS for shape in chapter.tables)
ENTRIES = (
    # Decisions repeat the words of the other chapters (RPO 1時間, 監視) as assertions about them.
    decisions.SHAPES.entries,
    tuple(
        shape
        for chapter in CHAPTERS
        if chapter not in (decisions.SHAPES, routine.SHAPES)
        for shape in chapter.entries
    ),
    # Any task has a name: an entry is a routine if it is nothing else.
    routine.SHAPES.entries,
)
"""The shapes of list entries, in groups: one of a later group is only tried if none of the earlier fits."""
STEPS = tuple(shape for chapter in CHAPTERS for shape in chapter.steps)
CODE = tuple(shape for chapter in CHAPTERS for shape in chapter.code)
