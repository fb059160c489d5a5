"""The changes extension: what changed, when and by whom."""

from toban.engine.changes import recorded
from toban.engine.changes.act import unchanged
from toban.engine.editions import acts as editions
from toban.engine.extension import Extension, Link, Scope
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message

EXTENSION = Extension(
    name="changes",
    manual="changes.md",
    apps=("toban.engine.changes",),
    offers={
        REPORT_SECTIONS: "toban.engine.changes.monthly:section",
        TASK_FACTS: "toban.engine.changes.facts:facts",
    },
    acts={**editions.ACTS, **recorded.ACTS, "flagged-change-answered": unchanged},
    pages="toban.faces.web.changes.urls",
    folded=(Link("changes", Message("changes.changes")),),
    api="toban.faces.api.changes",
    scopes=(
        Scope("read:changes", Message("changes.scope-read-changes")),
        Scope("act:changes", Message("changes.scope-act-changes")),
    ),
    commands={"changes": Command("toban.faces.cli.changes.changes", Message("commands.changes"))},
)
