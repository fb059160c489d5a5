"""The notification extension: the matrix's rows, maintenance windows, channels, and how to reach people."""

from toban.design.clauses.monitoring import ToolChoice
from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import MaintenanceWindow
from toban.engine.extension import Extension, Link, RowKind, Scope, always
from toban.engine.hindsight.question import HINDSIGHT
from toban.engine.notify.acts import ACTS
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.proposals import open_tables
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message

EXTENSION = Extension(
    name="notify",
    manual="alerts.md",
    rows=(  # Failing channels and alerts from outside are reported under the matrix.
        RowKind(NotificationRule, is_measured=True, raises_alerts=always),
        RowKind(MaintenanceWindow),
        RowKind(ToolChoice, is_measured=True),
    ),
    points=(CHANNEL_KINDS,),
    kinds={
        "channels": {
            "apprise": "toban.engine.notify.channels.apprise",
            "alertmanager": "toban.engine.notify.channels.alertmanager",
            "email": "toban.engine.notify.channels.email",
            "pagerduty": "toban.engine.notify.channels.pagerduty",
            "slack_app": "toban.engine.notify.channels.slack_app",
            "slack": "toban.engine.notify.channels.slack",
            "teams": "toban.engine.notify.channels.teams",
            "webhook": "toban.engine.notify.channels.webhook",
        }
    },
    proposals=open_tables,
    offers={
        HINDSIGHT: "toban.engine.notify.deciding.hindsight:HINDSIGHT",
        REPORT_SECTIONS: "toban.engine.notify.deciding.monthly:section",
        TASK_FACTS: "toban.engine.notify.facts:of_alerts",
    },
    operation="toban.engine.notify.operation",
    apps=("toban.engine.notify",),
    pages="toban.faces.web.notify.urls",
    menu=(Link("alerts", Message("notify.alerts")), Link("duty", Message("notify.duty"))),
    intake="toban.faces.ingest.notify.routes",
    api="toban.faces.api.notify",
    scopes=(
        Scope("read:alerts", Message("notify.scope-read-alerts")),
        Scope("act:alerts", Message("notify.scope-act-alerts")),
        Scope("act:silences", Message("notify.scope-act-silences")),
        Scope("act:maintenance", Message("notify.scope-act-maintenance")),
    ),
    acts=ACTS,
    commands={
        "alerts": Command("toban.faces.cli.notify.alerts", Message("commands.alerts")),
        "silence": Command(
            "toban.faces.cli.notify.silence",
            Message("commands.silence"),
        ),
        "maintenance": Command(
            "toban.faces.cli.notify.maintenance",
            Message("commands.maintenance"),
        ),
        "duty": Command("toban.faces.cli.notify.duty", Message("commands.duty")),
    },
)
