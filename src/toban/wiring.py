"""The only place where the parts meet: commands, source kinds, channel kinds, the worker's loops."""

from toban.faces.cli.group import LazyGroup

COMMANDS = {
    "check": "toban.faces.cli.check",
    "plan": "toban.faces.cli.plan",
    "prepare": "toban.faces.cli.prepare",
    "processes": "toban.faces.cli.processes",
    "store": "toban.faces.cli.store",
    "up": "toban.faces.cli.up",
}

CHANNELS = {
    "email": "toban.engine.notify.channels.email",
    "pagerduty": "toban.engine.notify.channels.pagerduty",
    "slack": "toban.engine.notify.channels.slack",
}
"""`kind = "…"` of `[channels.NAME]` → the module that holds its `TRANSPORT`."""


def main() -> None:
    """Run the `toban` command."""
    LazyGroup(modules=COMMANDS, help="Runs an operations design document (運用設計書).")(prog_name="toban")
