"""The tokens extension: access to the API, and what it shows of the document as a whole."""

from toban.engine.extension import Extension, Scope
from toban.engine.registry.commands import Command
from toban.engine.tokens.acts import ACTS
from toban.message import Message

EXTENSION = Extension(
    name="tokens",
    manual="api.md",
    operation="toban.engine.tokens.operation",
    apps=("toban.engine.tokens",),
    pages="toban.faces.web.tokens.urls",
    api="toban.faces.api.document",
    scopes=(
        Scope("read:status", Message("tokens.scope-read-status")),
        Scope("read:calendar", Message("tokens.scope-read-calendar")),
    ),
    acts=ACTS,
    commands={"tokens": Command("toban.faces.cli.tokens.tokens", Message("commands.tokens"))},
)
