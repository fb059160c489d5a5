"""The only place where the parts meet: the extensions, and the commands that belong to none."""

import sys

from toban.engine.registry.commands import Command
from toban.engine.registry.kinds import BrokenPackage
from toban.engine.registry.parts import Parts
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
    return Parts(EXTENSIONS)


COMMANDS = {
    "agent": Command(
        "toban.faces.agent.command",
        "Push this host's figures and logs (この機械の値とログを送る).",
        needs_state=False,
    ),
    "calendar": Command(
        "toban.faces.cli.document.calendar",
        "Show what falls on which day (予定のカレンダー).",
        needs_state=False,
    ),
    "check": Command(
        "toban.faces.cli.document.check",
        "Find contradictions in the document (文書の矛盾を見つける).",
        needs_state=False,
    ),
    "init": Command(
        "toban.faces.cli.document.init", "Write a first toban.toml (接続表を書き出す).", needs_state=False
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
    "serve": Command("toban.faces.serve", "Serve the living document (生きている文書を見せる)."),
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
    "up": Command("toban.faces.cli.supervision.up", "Run the document (文書を動かす).", needs_state=False),
    "why": Command(
        "toban.faces.cli.document.why",
        "Why was I told, or not? Why did it run, or not? (なぜ通知した、実行したか).",
    ),
    "worker": Command(
        "toban.faces.cli.supervision.worker", "Measure, judge and notify (測り、判定し、通知する)."
    ),
}
"""Commands that belong to no extension."""


def command(here: Parts) -> LazyGroup:
    """Return the `toban` command with all that *here* brings."""
    return LazyGroup(COMMANDS, here, help="Runs an operations design document (運用設計書).")


def main() -> None:
    """Run the `toban` command."""
    here = parts()
    try:
        command(here)(prog_name="toban", obj=here)
    except BrokenPackage as broken:
        sys.stderr.write(f"{broken}\n")
        raise SystemExit(2) from None
