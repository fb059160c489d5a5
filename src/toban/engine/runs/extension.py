"""What the run ledger brings: its pages and commands."""

from toban.engine.commands import Command
from toban.engine.extension import Extension

EXTENSION = Extension(
    name="runs",
    operation="toban.engine.runs.operation",
    apps=("toban.engine.runs",),
    pages="toban.faces.web.runs.urls",
    commands={
        "run": Command(
            "toban.faces.cli.runs.run",
            "Run a batch now, cancel, skip, repeat or approve it (バッチを今すぐ実行する).",
        ),
        "runs": Command("toban.faces.cli.runs.runs", "List the runs of batches (バッチの実行の一覧)."),
    },
)
