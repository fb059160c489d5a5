"""The accounts extension: the rows that it obeys, its page, and the command to renew a password."""

from toban.design.clauses.security import MfaRule, PasswordPolicy
from toban.engine.extension import Extension, RowKind
from toban.engine.people.acts import ACTS
from toban.engine.registry.commands import Command
from toban.message import Message

EXTENSION = Extension(
    name="people",
    manual="security.md",
    rows=(RowKind(MfaRule, is_measured=True), RowKind(PasswordPolicy, is_measured=True)),
    operation="toban.engine.people.operation",
    apps=("toban.engine.people",),
    pages="toban.faces.web.people.urls",
    acts=ACTS,
    commands={
        "account": Command("toban.faces.cli.people.account", Message("commands.account")),
        "password": Command("toban.faces.cli.people.password", Message("commands.password")),
    },
)
