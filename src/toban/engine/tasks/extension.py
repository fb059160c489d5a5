"""The tasks extension: what people perform and sign off, its page and its commands."""

from toban.engine.changes.act import unchanged
from toban.engine.extension import Extension, Link, Scope
from toban.engine.notify.chat.port import CHAT
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.tasks.mornings.bindings import TASKS
from toban.message import Message

_ORDERS = (
    "sign-off-task",
    "hand-on-task",
    "order-task",
    "ask-swap",
    "agree-to-swap",
    "refuse-swap",
    "withdraw-swap",
)
"""What the audit log holds about tasks: people say what they did, and Toban changes nothing."""

EXTENSION = Extension(
    name="tasks",
    manual="tasks.md",
    tables=(TASKS,),
    operation="toban.engine.tasks.operation",
    offers={
        CHAT: "toban.engine.tasks.offered.chat:OFFER",
        REPORT_SECTIONS: "toban.engine.tasks.monthly:section",
    },
    apps=("toban.engine.tasks",),
    pages="toban.faces.web.tasks.urls",
    evidence="toban.faces.web.tasks.evidence:signed",
    menu=(Link("tasks", Message("tasks.menu")),),
    api="toban.faces.api.tasks",
    scopes=(
        Scope("read:tasks", Message("tasks.scope-read-tasks")),
        Scope("act:tasks", Message("tasks.scope-act-tasks")),
    ),
    acts=dict.fromkeys(_ORDERS, unchanged),
    commands={"tasks": Command("toban.faces.cli.tasks.tasks", Message("commands.tasks"))},
)
