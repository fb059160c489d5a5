"""The only place where the parts meet: the extensions, and the commands that belong to none."""

import atexit
import gc
import sys

from toban.catalogue import active_language, help_text
from toban.engine.registry.commands import Command
from toban.engine.registry.kinds import BrokenPackage
from toban.engine.registry.parts import Parts
from toban.faces.cli import click_words
from toban.faces.cli.group import LazyGroup
from toban.message import Message
from toban.secret_key import BadSecretKey
from toban.state_url import BadStateUrl

EXTENSIONS = (
    "toban.engine.people.extension",
    "toban.engine.approvals.extension",
    "toban.engine.editions.extension",
    "toban.engine.exceptions.extension",
    "toban.engine.tokens.extension",
    "toban.engine.evidence.extension",
    "toban.engine.changes.extension",
    "toban.engine.drift.extension",
    "toban.engine.stores.extension",
    "toban.engine.timekeeping.extension",
    "toban.engine.nodes.extension",
    "toban.engine.modes.extension",
    "toban.engine.runs.extension",
    "toban.engine.tasks.extension",
    "toban.engine.notify.extension",
    "toban.engine.reports.extension",
    "toban.chapters.objectives.extension",
    "toban.chapters.monitoring.extension",
    "toban.chapters.errors.extension",
    "toban.chapters.logs.extension",
    "toban.chapters.release.extension",
    "toban.chapters.backup.extension",
    "toban.chapters.batch.extension",
    "toban.chapters.capacity.extension",
    "toban.chapters.incident.extension",
    "toban.chapters.vulnerabilities.extension",
    "toban.chapters.patching.extension",
    "toban.chapters.accounts.extension",
    "toban.chapters.cost.extension",
    "toban.chapters.documents.extension",
    "toban.chapters.routine.extension",
    "toban.chapters.decisions.extension",
)
"""Each holds one `EXTENSION`. Packages bring theirs by entry points of the group `toban.extensions`."""


def parts() -> Parts:
    """Return what is registered; nothing of it is loaded yet."""
    return Parts(EXTENSIONS)


COMMANDS = {
    "agent": Command(
        "toban.faces.agent.command",
        Message("commands.agent"),
        needs_state=False,
    ),
    "calendar": Command(
        "toban.faces.cli.document.calendar",
        Message("commands.calendar"),
        needs_state=False,
    ),
    "check": Command(
        "toban.faces.cli.document.check",
        Message("commands.check"),
        needs_state=False,
    ),
    "confirm": Command("toban.faces.cli.document.confirm", Message("commands.confirm")),
    "demo": Command("toban.faces.demo.command", Message("commands.demo")),
    "import": Command(
        "toban.faces.cli.document.workbook",
        Message("commands.import"),
        needs_state=False,
    ),
    "init": Command("toban.faces.cli.document.init", Message("commands.init"), needs_state=False),
    "plan": Command(
        "toban.faces.cli.document.plan",
        Message("commands.plan"),
        needs_state=False,
    ),
    "prepare": Command(
        "toban.faces.cli.supervision.prepare",
        Message("commands.prepare"),
    ),
    "processes": Command(
        "toban.faces.cli.supervision.processes",
        Message("commands.processes"),
        needs_state=False,
    ),
    "serve": Command("toban.faces.serve", Message("commands.serve")),
    "state": Command("toban.faces.cli.supervision.state", Message("commands.state")),
    "status": Command(
        "toban.faces.cli.document.status",
        Message("commands.status"),
        needs_state=False,
    ),
    "store": Command(
        "toban.faces.cli.supervision.store",
        Message("commands.store"),
        needs_state=False,
    ),
    "up": Command("toban.faces.cli.supervision.up", Message("commands.up"), needs_state=False),
    "why": Command(
        "toban.faces.cli.document.why",
        Message("commands.why"),
    ),
    "worker": Command("toban.faces.cli.supervision.worker", Message("commands.worker")),
}
"""Commands that belong to no extension."""


def command(here: Parts) -> LazyGroup:
    """Return the `toban` command with all that *here* brings; it and click speak the active language."""
    click_words.translate()
    english = "Run an operations design document (「運用設計書」)."
    return LazyGroup(COMMANDS, here, help=help_text(english, active_language()))


def main() -> None:
    """Run the `toban` command."""
    # As it ends, the interpreter looks for garbage among all that it has loaded: a quarter of a command.
    atexit.register(gc.freeze)
    here = parts()
    try:
        command(here)(prog_name="toban", obj=here)
    except (BrokenPackage, BadSecretKey, BadStateUrl) as wrong:
        sys.stderr.write(f"{wrong}\n")
        raise SystemExit(2) from None
