"""The run ledger's extension: its pages and commands."""

from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.extension import Extension, Scope
from toban.engine.registry.commands import Command
from toban.engine.runs.acts import ACTS
from toban.engine.runs.kinds import RUNS
from toban.message import Message

EXTENSION = Extension(
    name="runs",
    manual="runs.md",
    tables=(RUNS,),
    operation="toban.engine.runs.operation",
    apps=("toban.engine.runs",),
    pages="toban.faces.web.runs.urls",
    intake="toban.faces.ingest.runs.routes",
    offers={APPROVAL_EFFECTS: "toban.engine.runs.orders:EFFECT"},
    api="toban.faces.api.runs",
    scopes=(
        Scope("read:runs", Message("runs.scope-read-runs")),
        Scope("act:runs", Message("runs.scope-act-runs")),
    ),
    acts=ACTS,
    commands={
        "run": Command(
            "toban.faces.cli.runs.run",
            Message("commands.run"),
        ),
        "runs": Command("toban.faces.cli.runs.runs", Message("commands.runs")),
    },
)
