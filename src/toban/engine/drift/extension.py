"""The drift extension: reality compared with the document."""

from toban.engine.drift.acts import ACTS
from toban.engine.drift.bindings import DRIFT
from toban.engine.extension import Extension, Link
from toban.engine.registry.commands import Command
from toban.message import Message

EXTENSION = Extension(
    name="drift",
    manual="drift.md",
    tables=(DRIFT,),
    operation="toban.engine.drift.operation",
    apps=("toban.engine.drift",),
    acts=ACTS,
    pages="toban.faces.web.drift.urls",
    folded=(Link("drift", Message("drift.page")),),
    evidence="toban.faces.web.drift.proof:shown",
    commands={"drift": Command("toban.faces.cli.drift.drift", Message("commands.drift"))},
)
