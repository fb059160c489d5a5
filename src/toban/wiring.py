"""The only place where the parts meet: commands, source kinds, channel kinds, the worker's loops."""

from toban.faces.cli.group import LazyGroup

COMMANDS = {
    "check": "toban.faces.cli.check",
    "init": "toban.faces.cli.init",
    "evidence": "toban.faces.cli.evidence",
    "plan": "toban.faces.cli.plan",
    "prepare": "toban.faces.cli.prepare",
    "processes": "toban.faces.cli.processes",
    "store": "toban.faces.cli.store",
    "up": "toban.faces.cli.up",
    "worker": "toban.faces.cli.worker",
}

CHANNELS = {
    "email": "toban.engine.notify.channels.email",
    "pagerduty": "toban.engine.notify.channels.pagerduty",
    "slack": "toban.engine.notify.channels.slack",
}
"""`kind = "…"` of `[channels.NAME]` → the module that holds its `TRANSPORT`."""

SOURCES = {
    "prometheus": "toban.chapters.monitoring.sources.prometheus",
    "http": "toban.chapters.monitoring.sources.http",
    "postgresql": "toban.chapters.monitoring.sources.postgresql",
    "host": "toban.chapters.monitoring.sources.host",
}
"""`kind = "…"` of a target's source → the module that holds its `KIND`; the first that can measure is proposed."""


def main() -> None:
    """Run the `toban` command."""
    LazyGroup(modules=COMMANDS, help="Runs an operations design document (運用設計書).")(prog_name="toban")
