"""What error tracking brings: the row that says how errors are collected, and facts for error reviews."""

from toban.chapters.errors.acts import ACTS
from toban.chapters.errors.bindings import ERRORS, TRACKING, doubts
from toban.chapters.errors.clauses import is_tracking
from toban.chapters.errors.proposals import open_tables
from toban.design.clauses.monitoring import ToolChoice
from toban.engine.extension import Extension, Link, RowKind
from toban.engine.impact.figures import IMPACT
from toban.engine.impact.spikes import SPIKES
from toban.engine.registry.commands import Command
from toban.engine.retention import KEPT_ELSEWHERE
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message

EXTENSION = Extension(
    name="errors",
    manual="errors.md",
    rows=(RowKind(ToolChoice, is_measured=True, raises_alerts=is_tracking),),
    tables=(ERRORS, TRACKING),
    proposals=open_tables,
    doubts=doubts,
    operation="toban.chapters.errors.operation",
    offers={
        IMPACT: "toban.chapters.errors.impact:measure",
        KEPT_ELSEWHERE: "toban.chapters.errors.elsewhere:KEPT",
        SPIKES: "toban.chapters.errors.impact:spikes",
        TASK_FACTS: "toban.chapters.errors.reviewing.facts:of_review",
    },
    apps=("toban.chapters.errors",),
    pages="toban.faces.web.errors.urls",
    menu=(Link("errors", Message("errors.errors")),),
    intake="toban.faces.ingest.errors.routes",
    acts=ACTS,
    commands={"errors": Command("toban.faces.cli.errors.errors", Message("commands.errors"))},
)
