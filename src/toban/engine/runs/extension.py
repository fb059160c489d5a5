"""The run ledger's extension: its pages and commands."""

from toban.engine.extension import Extension
from toban.engine.registry.commands import Command

EXTENSION = Extension(
    name="runs",
    manual="runs.md",
    operation="toban.engine.runs.operation",
    apps=("toban.engine.runs",),
    pages="toban.faces.web.runs.urls",
    intake="toban.faces.ingest.runs.routes",
    commands={
        "run": Command(
            "toban.faces.cli.runs.run",
            "Run a batch now, cancel, skip, repeat or approve it (バッチを今すぐ実行する).",
        ),
        "runs": Command("toban.faces.cli.runs.runs", "List the runs of batches (バッチの実行の一覧)."),
    },
)
