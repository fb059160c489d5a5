"""The accounts extension: their page, and the command to renew a password."""

from toban.engine.extension import Extension
from toban.engine.registry.commands import Command
from toban.message import Message

EXTENSION = Extension(
    name="people",
    manual="security.md",
    apps=("toban.engine.people",),
    pages="toban.faces.web.people.urls",
    commands={"password": Command("toban.faces.cli.people.password", Message("commands.password"))},
)
