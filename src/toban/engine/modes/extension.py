"""The extension of modes: what Toban does by itself, whether it only shows, asks or acts."""

from toban.engine.approvals.port import APPROVAL_EFFECTS
from toban.engine.extension import Extension
from toban.engine.modes.acts import ACTS
from toban.engine.registry.commands import Command
from toban.message import Message

EXTENSION = Extension(
    name="modes",
    manual="runs.md",
    operation="toban.engine.modes.operation",
    apps=("toban.engine.modes",),
    acts=ACTS,
    pages="toban.faces.web.modes.urls",
    offers={APPROVAL_EFFECTS: "toban.engine.modes.service:EFFECT"},
    commands={"modes": Command("toban.faces.cli.modes.modes", Message("commands.modes"))},
)
