"""The tasks extension: what people perform and sign off, its page and its commands."""

from toban.engine.extension import Extension, Link
from toban.engine.registry.commands import Command
from toban.message import Message

EXTENSION = Extension(
    name="tasks",
    manual="tasks.md",
    apps=("toban.engine.tasks",),
    pages="toban.faces.web.tasks.urls",
    evidence="toban.faces.web.tasks.evidence:signed",
    menu=(Link("tasks", Message("tasks.menu")),),
    commands={"tasks": Command("toban.faces.cli.tasks.tasks", Message("commands.tasks"))},
)
