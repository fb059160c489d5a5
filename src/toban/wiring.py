"""The only place where the parts meet: commands, source kinds, channel kinds, the worker's loops."""

from toban.faces.cli.group import LazyGroup
from toban.faces.cli.parts import Parts

COMMANDS = {
    "agent": "toban.faces.agent.command",
    "backup": "toban.faces.cli.backup.backup",
    "batch": "toban.faces.cli.batch.crontab",
    "alerts": "toban.faces.cli.notify.alerts",
    "calendar": "toban.faces.cli.document.calendar",
    "check": "toban.faces.cli.document.check",
    "drill": "toban.faces.cli.backup.drill",
    "duty": "toban.faces.cli.notify.duty",
    "init": "toban.faces.cli.document.init",
    "evidence": "toban.faces.cli.evidence.evidence",
    "errors": "toban.faces.cli.errors.errors",
    "levels": "toban.faces.cli.objectives.levels",
    "logs": "toban.faces.cli.logs.logs",
    "maintenance": "toban.faces.cli.notify.maintenance",
    "password": "toban.faces.cli.people.password",
    "plan": "toban.faces.cli.document.plan",
    "prepare": "toban.faces.cli.supervision.prepare",
    "processes": "toban.faces.cli.supervision.processes",
    "restore": "toban.faces.cli.backup.restore",
    "retention": "toban.faces.cli.logs.retention",
    "run": "toban.faces.cli.runs.run",
    "runs": "toban.faces.cli.runs.runs",
    "serve": "toban.faces.serve",
    "silence": "toban.faces.cli.notify.silence",
    "statistics": "toban.faces.cli.batch.statistics",
    "status": "toban.faces.cli.document.status",
    "store": "toban.faces.cli.supervision.store",
    "traces": "toban.faces.cli.logs.traces",
    "up": "toban.faces.cli.supervision.up",
    "why": "toban.faces.cli.document.why",
    "worker": "toban.faces.cli.supervision.worker",
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
    group = LazyGroup(modules=COMMANDS, help="Runs an operations design document (運用設計書).")
    group(prog_name="toban", obj=parts())
