"""`toban processes`: list the processes of a running `toban up`, and stop or start one of them."""

import json
import socket
from datetime import timedelta
from pathlib import Path

import click

from toban.engine.supervision.home import clock_file, hold_file, processes_file
from toban.engine.timekeeping.rules import wrong
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message, listing
from toban.text import printable_json

_UNKNOWN = 1


@click.command(
    "processes",
    epilog="Example: toban processes --stop shop-api",
)
@click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path("var"),
    show_default=True,
    envvar="TOBAN_HOME",
)
@click.option("--stop", metavar="NAME", help="Stop NAME and keep it stopped.")
@click.option("--start", metavar="NAME", help="Let NAME run again.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(home: Path, stop: str | None, start: str | None, form: str) -> None:
    """List the processes of the `toban up` that runs in a home directory, and hold or release them.

    A stopped process stays stopped until --start, even if `toban up` is restarted.

    \b
    Exit status:
      0  done, or shown
      1  no toban up has run there, or it has no such process
    """
    speak_utf8()
    try:
        shown = json.loads(processes_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError as exc:
        refuse(Message("supervision.nothing-ran-here", home=home), Message("supervision.name-the-same-home"))
        raise SystemExit(_UNKNOWN) from exc
    names = [process["name"] for process in shown["processes"]]
    for name in (stop, start):
        if name is not None and name not in names:
            refuse(Message("supervision.no-such-process", name=name), listing(names))
            raise SystemExit(_UNKNOWN)
    if stop is not None:
        hold_file(home, stop).touch(mode=0o600)
    if start is not None:
        hold_file(home, start).unlink(missing_ok=True)
    ahead = _clock_ahead(home)
    if form == "json":
        shown["clock_ahead_seconds"] = ahead
        say(printable_json(shown, indent=2))
        return
    say(f"{shown['url']}  (toban up: {shown['supervisor']})")
    for process in shown["processes"]:
        held = f"  {Message('supervision.held')}" if hold_file(home, process["name"]).exists() else ""
        starts = Message("supervision.starts", count=process["starts"])
        say(f"{process['name']:<14} {process['phase']:<9} pid {process['pid'] or '-'}  {starts}{held}")
    if ahead:
        say(wrong(socket.gethostname(), timedelta(seconds=ahead)))


def _clock_ahead(home: Path) -> float:
    """Return by how many seconds this machine's clock is wrong; 0 if it is right."""
    try:
        return float(clock_file(home).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return 0.0
