"""What chapter 1 brings: service levels, duty, service hours, and the public page."""

from toban.chapters.objectives.bindings import OBJECTIVES, STATUS
from toban.chapters.objectives.doubts import doubts
from toban.chapters.objectives.proposals import open_tables
from toban.design.clauses.duty import DutyRole
from toban.design.clauses.objectives import Objective, ServiceHours
from toban.engine.evidence.assertions import ASSERTIONS
from toban.engine.extension import Extension, Link, RowKind, always
from toban.engine.hindsight.question import HINDSIGHT
from toban.engine.impact.figures import IMPACT
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.message import Message


def _levels(_row: Objective) -> Link:
    return Link("levels", Message("objectives.service-levels"))


EXTENSION = Extension(
    name="objectives",
    manual="pages.md",
    rows=(
        RowKind(Objective, is_measured=True, link=_levels, raises_alerts=always),
        # The handover from one person to the next is shown under the role.
        RowKind(DutyRole, is_measured=True, raises_alerts=always),
        RowKind(ServiceHours),
    ),
    tables=(OBJECTIVES, STATUS),
    proposals=open_tables,
    doubts=doubts,
    operation="toban.chapters.objectives.operation",
    offers={
        ASSERTIONS: "toban.chapters.objectives.detection:ASSERTIONS",
        HINDSIGHT: "toban.chapters.objectives.publishing.hindsight:HINDSIGHT",
        IMPACT: "toban.chapters.objectives.publishing.impact:measure",
        REPORT_SECTIONS: "toban.chapters.objectives.publishing.monthly:section",
    },
    apps=("toban.chapters.objectives",),
    pages="toban.faces.web.objectives.urls",
    menu=(Link("levels", Message("objectives.service-levels")),),
    commands={
        "levels": Command("toban.faces.cli.objectives.levels", Message("commands.levels")),
        "status export": Command(
            "toban.faces.cli.objectives.export",
            Message("commands.status-export"),
            needs_state=False,
        ),
    },
)
