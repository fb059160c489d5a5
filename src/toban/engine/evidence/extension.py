"""The evidence extension: its tables and its command."""

from toban.engine.extension import Extension, Scope
from toban.engine.registry.commands import Command
from toban.message import Message

EXTENSION = Extension(
    name="evidence",
    manual="security.md",
    apps=("toban.engine.evidence",),
    operation="toban.engine.evidence.operation",
    api="toban.faces.api.evidence",
    scopes=(Scope("read:evidence", Message("evidence.scope-read-evidence")),),
    commands={
        "evidence": Command(
            "toban.faces.cli.evidence.evidence",
            Message("commands.evidence"),
        )
    },
)
