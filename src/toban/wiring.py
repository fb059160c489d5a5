"""The only place where the parts meet: commands, source kinds, channel kinds, the worker's loops."""

from toban.engine.commands import Command
from toban.faces.cli.group import LazyGroup
from toban.faces.cli.parts import Parts

COMMANDS = {
    "agent": Command(
        "toban.faces.agent.command",
        "Push this host's figures and logs (この機械の値とログを送る).",
        needs_state=False,
    ),
    "backup": Command(
        "toban.faces.cli.backup.backup", "See, take, verify and prune backups (バックアップを扱う)."
    ),
    "batch": Command(
        "toban.faces.cli.batch.crontab",
        "Bring batches in from elsewhere (バッチを持ち込む).",
        needs_state=False,
    ),
    "alerts": Command(
        "toban.faces.cli.notify.alerts", "List alerts, take one on (アラートを見る、引き受ける)."
    ),
    "calendar": Command(
        "toban.faces.cli.document.calendar", "Show what falls on which day (予定の暦).", needs_state=False
    ),
    "check": Command(
        "toban.faces.cli.document.check",
        "Find contradictions in the document (文書の矛盾を見つける).",
        needs_state=False,
    ),
    "drill": Command("toban.faces.cli.backup.drill", "Rehearse a restore (リストアを訓練する)."),
    "duty": Command("toban.faces.cli.notify.duty", "Who is on duty now and next (当番)."),
    "init": Command(
        "toban.faces.cli.document.init", "Write a first toban.toml (接続表を書き出す).", needs_state=False
    ),
    "evidence": Command(
        "toban.faces.cli.evidence.evidence", "Check the evidence, and send it out (証跡を確かめ、外へ送る)."
    ),
    "errors": Command(
        "toban.faces.cli.errors.errors", "Errors of applications, by Sentry's SDKs (アプリのエラー)."
    ),
    "levels": Command(
        "toban.faces.cli.objectives.levels", "The service levels of chapter 1 (運用目標の達成状況)."
    ),
    "logs": Command("toban.faces.cli.logs.logs", "Search logs (ログを探す)."),
    "maintenance": Command(
        "toban.faces.cli.notify.maintenance",
        "Announce maintenance that the document does not plan (臨時のメンテナンスを知らせる).",
    ),
    "password": Command(
        "toban.faces.cli.people.password", "Renew a lost password (なくしたパスワードを作り直す)."
    ),
    "plan": Command(
        "toban.faces.cli.document.plan",
        "Show what differs between two versions (二つの版の違いを示す).",
        needs_state=False,
    ),
    "prepare": Command(
        "toban.faces.cli.supervision.prepare",
        "Check the document and bring the state up to date (起動の前準備).",
    ),
    "processes": Command(
        "toban.faces.cli.supervision.processes",
        "Show, stop or start parts of a running Toban (プロセスを見る・止める・動かす).",
        needs_state=False,
    ),
    "restore": Command("toban.faces.cli.backup.restore", "Bring a backup back (バックアップから戻す)."),
    "retention": Command("toban.faces.cli.logs.retention", "Keeping and deleting logs (ログの保存期間)."),
    "run": Command(
        "toban.faces.cli.runs.run",
        "Run a batch now, cancel, skip, repeat or approve it (バッチを今すぐ実行する).",
    ),
    "runs": Command("toban.faces.cli.runs.runs", "List the runs of batches (バッチの実行の一覧)."),
    "serve": Command("toban.faces.cli.serve", "Serve the living document (生きている文書を見せる)."),
    "silence": Command(
        "toban.faces.cli.notify.silence",
        "Stop notices about something for a time (知らせを期限つきで止める).",
    ),
    "statistics": Command(
        "toban.faces.cli.batch.statistics", "Show the figures of past days (集計した数字)."
    ),
    "status": Command(
        "toban.faces.cli.document.status",
        "Show the living document in the terminal (文書の今を端末に示す).",
        needs_state=False,
    ),
    "store": Command(
        "toban.faces.cli.supervision.store",
        "Serve the telemetry store; `toban up` starts it (計測値の置き場).",
        needs_state=False,
    ),
    "traces": Command("toban.faces.cli.logs.traces", "Slow routes, and one trace (トレース)."),
    "up": Command("toban.faces.cli.supervision.up", "Run the document (文書を動かす).", needs_state=False),
    "why": Command(
        "toban.faces.cli.document.why",
        "Why was I told, or not? Why did it run, or not? (なぜ知らせた、実行したか).",
    ),
    "worker": Command(
        "toban.faces.cli.supervision.worker", "Measure, judge and notify (測り、判定し、知らせる)."
    ),
}

CHANNELS = {
    "apprise": "toban.engine.notify.channels.apprise",
    "alertmanager": "toban.engine.notify.channels.alertmanager",
    "email": "toban.engine.notify.channels.email",
    "pagerduty": "toban.engine.notify.channels.pagerduty",
    "slack_app": "toban.engine.notify.channels.slack_app",
    "slack": "toban.engine.notify.channels.slack",
    "teams": "toban.engine.notify.channels.teams",
    "webhook": "toban.engine.notify.channels.webhook",
}
"""`kind = "…"` of `[channels.NAME]` → the module that holds its `TRANSPORT`.

Where two answer to one word of the document, `toban init` proposes the last.
"""

SOURCES = {
    "prometheus": "toban.chapters.monitoring.sources.prometheus",
    "http": "toban.chapters.monitoring.sources.http",
    "tcp": "toban.chapters.monitoring.sources.tcp",
    "postgresql": "toban.chapters.monitoring.sources.postgresql",
    "redis": "toban.chapters.monitoring.sources.redis",
    "host": "toban.chapters.monitoring.sources.host",
    "pushed": "toban.chapters.monitoring.sources.pushed",
    "access_log": "toban.chapters.monitoring.sources.access_log",
    "logs": "toban.chapters.monitoring.sources.logs",
    "cloudwatch": "toban.chapters.monitoring.sources.cloudwatch",
    "datadog": "toban.chapters.monitoring.sources.datadog",
    "newrelic": "toban.chapters.monitoring.sources.newrelic",
}
"""`kind = "…"` of a target's source → the module that holds its `KIND`; `toban init` proposes the first."""

DISCOVERIES = {
    "file": "toban.chapters.monitoring.discoveries.file",
    "file_sd": "toban.chapters.monitoring.discoveries.file_sd",
    "ec2": "toban.chapters.monitoring.discoveries.ec2",
}
"""`kind = "…"` of a target's discovery → the module that holds its `KIND`."""

LOG_SOURCES = {
    "cloudwatch": "toban.chapters.logs.sources.cloudwatch",
}
"""`kind = "…"` of `[log_sources.NAME]` → the module that holds its `KIND`."""

WORKS = {
    "command": "toban.chapters.batch.kinds.command",
    "ssh": "toban.chapters.batch.kinds.ssh.kind",
    "ping": "toban.chapters.batch.kinds.ping",
    "cleanup": "toban.chapters.batch.kinds.cleanup.kind",
    "invoices": "toban.chapters.batch.kinds.invoices.kind",
    "statistics": "toban.chapters.batch.kinds.statistics.kind",
}
"""`kind = "…"` of `[batches.ID]` → the module that holds its `KIND`."""

STORES: dict[str, str] = {
    "s3": "toban.engine.stores.s3",
    "directory": "toban.engine.stores.directory",
}
"""`kind = "…"` of `[stores.NAME]` → the module that holds its `KIND`."""

BACKUPS: dict[str, str] = {
    "native": "toban.chapters.backup.engines.native.kind",
    "pg_dump": "toban.chapters.backup.engines.pg_dump",
    "pgbackrest": "toban.chapters.backup.engines.pgbackrest",
    "rds": "toban.chapters.backup.engines.rds",
    "versioning": "toban.chapters.backup.engines.versioning",
}
"""`kind = "…"` of `[backups.SUBJECT]` → the module that holds its `KIND`."""


def parts() -> Parts:
    """Return what is registered; nothing of it is loaded yet."""
    return Parts(
        sources=SOURCES,
        channels=CHANNELS,
        works=WORKS,
        stores=STORES,
        backups=BACKUPS,
        discoveries=DISCOVERIES,
        log_sources=LOG_SOURCES,
    )


def main() -> None:
    """Run the `toban` command."""
    group = LazyGroup(COMMANDS, help="Runs an operations design document (運用設計書).")
    group(prog_name="toban", obj=parts())
