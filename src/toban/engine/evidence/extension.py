"""The evidence extension: its tables and its command."""

from toban.engine.extension import Extension
from toban.engine.registry.commands import Command

EXTENSION = Extension(
    name="evidence",
    manual="security.md",
    apps=("toban.engine.evidence",),
    commands={
        "evidence": Command(
            "toban.faces.cli.evidence.evidence",
            "Check the evidence, and send it out (証跡を確かめ、外へ送る).",
        )
    },
)
