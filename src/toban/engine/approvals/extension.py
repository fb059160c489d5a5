"""The approvals extension: its page and its commands."""

from toban.engine.approvals.acts import ACTS
from toban.engine.extension import Extension, Link, Scope
from toban.engine.registry.commands import Command
from toban.message import Message

EXTENSION = Extension(
    name="approvals",
    manual="runs.md",
    operation="toban.engine.approvals.operation",
    apps=("toban.engine.approvals",),
    api="toban.faces.api.approvals",
    scopes=(
        Scope("read:approvals", Message("approvals.scope-read-approvals")),
        Scope("act:approvals", Message("approvals.scope-act-approvals")),
    ),
    pages="toban.faces.web.approvals.urls",
    menu=(Link("approvals", Message("approvals.menu")),),
    acts=ACTS,
    commands={"approvals": Command("toban.faces.cli.approvals.approvals", Message("commands.approvals"))},
)
