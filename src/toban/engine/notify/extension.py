"""The notification extension: the matrix's rows, maintenance windows, channels, and how to reach people."""

from toban.design.clauses.notices import NotificationRule
from toban.design.clauses.objectives import MaintenanceWindow
from toban.engine.extension import Extension, Link, RowKind, always
from toban.engine.notify.delivery.channel import CHANNEL_KINDS
from toban.engine.notify.proposals import open_tables
from toban.engine.registry.commands import Command

EXTENSION = Extension(
    name="notify",
    manual="alerts.md",
    rows=(  # Failing channels and alerts from outside are reported under the matrix.
        RowKind(NotificationRule, is_measured=True, raises_alerts=always),
        RowKind(MaintenanceWindow),
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
    operation="toban.engine.notify.operation",
    apps=("toban.engine.notify",),
    pages="toban.faces.web.notify.urls",
    menu=(Link("alerts", "アラート"), Link("duty", "当番")),
    intake="toban.faces.ingest.notify.routes",
    commands={
        "alerts": Command(
            "toban.faces.cli.notify.alerts", "List alerts, acknowledge one (アラートの一覧、対応の開始)."
        ),
        "silence": Command(
            "toban.faces.cli.notify.silence",
            "Silence notifications for a time (通知を期限つきでミュートする).",
        ),
        "maintenance": Command(
            "toban.faces.cli.notify.maintenance",
            "Add maintenance that the document does not plan (臨時メンテナンスの登録).",
        ),
        "duty": Command("toban.faces.cli.notify.duty", "Who is on duty now and next (当番)."),
    },
)
