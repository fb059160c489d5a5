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

# A list entry takes the first shape that fits. Decisions come first: they repeat the words of the other
# chapters (RPO 1時間, 監視) as assertions about them. Routines come last: any task has a name.
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
ENTRIES = tuple(shape for chapter in CHAPTERS for shape in chapter.entries)
STEPS = tuple(shape for chapter in CHAPTERS for shape in chapter.steps)
CODE = tuple(shape for chapter in CHAPTERS for shape in chapter.code)
