"""The exceptions extension: deviations that people allow for a time, their page and their commands."""

from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.exceptions.acts import ACTS
from toban.engine.exceptions.bindings import EXCEPTIONS
from toban.engine.extension import Extension, Link, Scope
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.message import Message

EXTENSION = Extension(
    name="exceptions",
    manual="exceptions.md",
    tables=(EXCEPTIONS,),
    operation="toban.engine.exceptions.operation",
    apps=("toban.engine.exceptions",),
    pages="toban.faces.web.exceptions.urls",
    folded=(Link("exceptions", Message("exceptions.menu")),),
    evidence="toban.faces.web.exceptions.evidence:of_row",
    api="toban.faces.api.exceptions.routes",
    scopes=(Scope("read:exceptions", Message("exceptions.scope-read")),),
    offers={
        APPROVAL_EFFECTS: "toban.engine.exceptions.service:EFFECT",
        REPORT_SECTIONS: "toban.engine.exceptions.monthly:section",
    },
    acts=ACTS,
    commands={"exceptions": Command("toban.faces.cli.exceptions.exceptions", Message("commands.exceptions"))},
)
