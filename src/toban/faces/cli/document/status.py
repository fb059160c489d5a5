"""`toban status`: the living page in the terminal."""

import os
from pathlib import Path
from typing import Never

import click

from toban.engine.clock import system_clock
from toban.engine.supervision.home import in_force_folder
from toban.faces.cli.drawn import show
from toban.faces.cli.group import OpenGroup
from toban.faces.cli.state import set_up, usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message
from toban.text import printable_json

_NOTHING_TO_SHOW = 2
_WIDE = 200
"""Columns if the output is not a terminal: a line in a log should not be folded."""


@click.group(
    "status",
    cls=OpenGroup,
    invoke_without_command=True,
    epilog="Example: toban status --chapter Monitoring",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var"),
    show_default=True,
    envvar="TOBAN_HOME",
    help="The home of the `toban up` to show.",
)
@click.option("--chapter", metavar="WORDS", default="", help="Only chapters whose heading contains WORDS.")
@click.option("--all", "whole", is_flag=True, help="Show every row, not only the worst that ask for action.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_context
def command(context: click.Context, home: Path, chapter: str, whole: bool, form: str) -> None:
    """Show the figures, the chapters with their worst verdict, and the worst rows first.

    It is the page in the terminal: ● conforming △ between normal and warning ▲ warning ■ deviating ◆ not
    performed ◇ not due yet ? not measurable ○ not bound – declared only. JSON holds every row, the conforming
    ones too. `export` writes the public page into a folder.

    \b
    Exit status:
      0  shown, whatever the verdicts
      2  there is nothing to show: the reason and a HINT are on the error stream
    """
    speak_utf8()
    if not in_force_folder(home).exists() and "TOBAN_DESIGN" not in os.environ:
        # Checked before the state database is opened: SQLite would create an empty one.
        _nothing_runs(home)
    os.environ["TOBAN_HOME"] = str(home.absolute())
    set_up()
    if context.invoked_subcommand is not None:
        return
    # Django's settings read TOBAN_HOME: modules that need them are imported only now.
    from toban.faces.cli.document import glance  # noqa: PLC0415
    from toban.faces.cli.kept import kept_edition  # noqa: PLC0415
    from toban.faces.values.glance import glance_values, look  # noqa: PLC0415

    with usable_state():
        edition = kept_edition(context.obj, home)
        seen = look(edition, context.obj.operations, system_clock()) if edition is not None else None
    if seen is None:
        _nothing_runs(home)
    shown = seen.only(chapter)
    if chapter and not shown.chapters:
        titles = [each.line.title for each in seen.chapters]
        _give_up(
            Message("document.no-such-chapter", words=chapter),
            Message("document.chapters-are", chapters=titles),
        )
    if form == "json":
        say(printable_json(glance_values(shown), indent=2))
    else:
        show(glance.as_text(shown, whole=whole), width=_WIDE)


def _nothing_runs(home: Path) -> Never:
    _give_up(Message("document.nothing-runs", home=home), Message("document.name-home-or-document"))


def _give_up(message: Message, hint: Message) -> Never:
    refuse(message, hint)
    raise SystemExit(_NOTHING_TO_SHOW)
