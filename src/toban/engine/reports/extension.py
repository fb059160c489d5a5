"""The monthly report: its command, its page, and the port at which extensions bring their parts of it."""

from toban.engine.extension import Extension, Link
from toban.engine.registry.commands import Command
from toban.message import Message

EXTENSION = Extension(
    name="reports",
    manual="reports.md",
    pages="toban.faces.web.reports.urls",
    folded=(Link("reports", Message("reports.monthly")),),
    commands={
        "report": Command("toban.faces.cli.reports.report", Message("commands.report")),
    },
)
