"""The only place where the parts meet: the extensions, and the commands that belong to none."""

from toban.engine.kinds import installed
from toban.engine.parts import Parts
from toban.faces.cli.group import LazyGroup

EXTENSIONS = (
    "toban.engine.people.extension",
    "toban.engine.evidence.extension",
    "toban.engine.stores.extension",
    "toban.engine.runs.extension",
    "toban.engine.notify.extension",
    "toban.chapters.objectives.extension",
    "toban.chapters.monitoring.extension",
    "toban.chapters.errors.extension",
    "toban.chapters.logs.extension",
    "toban.chapters.backup.extension",
    "toban.chapters.batch.extension",
)
"""Each holds one `EXTENSION`. Packages bring theirs by entry points of the group `toban.extensions`."""


def parts() -> Parts:
    """Return what is registered; nothing of it is loaded yet."""
    return Parts((*EXTENSIONS, *installed("toban.extensions").values()))


COMMANDS = {
    "agent": "toban.faces.agent.command",
    "calendar": "toban.faces.cli.document.calendar",
    "check": "toban.faces.cli.document.check",
    "init": "toban.faces.cli.document.init",
    "plan": "toban.faces.cli.document.plan",
    "prepare": "toban.faces.cli.supervision.prepare",
    "processes": "toban.faces.cli.supervision.processes",
    "serve": "toban.faces.serve",
    "status": "toban.faces.cli.document.status",
    "store": "toban.faces.cli.supervision.store",
    "up": "toban.faces.cli.supervision.up",
    "why": "toban.faces.cli.document.why",
    "worker": "toban.faces.cli.supervision.worker",
}


def command(here: Parts) -> LazyGroup:
    """Return the `toban` command with all that *here* brings."""
    modules = {
        name: each.module for extension in here.extensions for name, each in extension.commands.items()
    }
    return LazyGroup(modules={**modules, **COMMANDS}, help="Runs an operations design document (運用設計書).")


def main() -> None:
    """Run the `toban` command."""
    here = parts()
    command(here)(prog_name="toban", obj=here)
