"""The monthly report: its command, its page, and the port at which extensions bring their parts of it."""

from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.extension import Extension, Link
from toban.engine.registry.commands import Command
from toban.engine.reports.bindings import REPORTS
from toban.engine.reports.kept.acts import ACTS
from toban.message import Message

EXTENSION = Extension(
    name="reports",
    manual="reports.md",
    tables=(REPORTS,),
    operation="toban.engine.reports.operation",
    offers={APPROVAL_EFFECTS: "toban.engine.reports.kept.signing:EFFECT"},
    apps=("toban.engine.reports",),
    pages="toban.faces.web.reports.urls",
    folded=(Link("reports", Message("reports.monthly")),),
    acts=ACTS,
    commands={
        "report": Command("toban.faces.cli.reports.report", Message("commands.report")),
    },
)
