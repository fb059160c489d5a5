"""`toban why`: why an alert or a row caused a notification, or did not; why a batch ran, or did not."""

from collections.abc import Iterator

import click

from toban.engine.registry.parts import Parts
from toban.engine.registry.ports import loaded
from toban.faces.cli.answer import CommandAnswer, Why
from toban.faces.cli.document import why_row
from toban.faces.cli.notify import why_alert
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.message import Message
from toban.text import printable_json

_UNKNOWN = 1
_NAMED = 10
"""How many rows a refusal lists."""


@click.command(
    "why",
    epilog="Example: toban why 12; toban why DB CPU; toban why B003",
)
@click.argument("asked", metavar="ALERT|ROW|BATCH", nargs=-1, required=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(parts: Parts, asked: tuple[str, ...], form: str) -> None:
    """Answer "why?" about an alert by its number, a row of the document, or a batch.

    For the number of an alert: who was notified and who was not, stage by stage.
    For a row of the document (its ID in the evidence, `ops-design.md:34`, or keywords of the row): its
    verdict, its alerts and its recipients.
    For the ID of a batch: its schedule, what it waits for, the last run with its reason, and the last output.

    \b
    Exit status:
      0  answered
      1  there is no such alert, row or batch, or several rows match the words
      2  the state database can't be read
    """
    speak_utf8()
    words = " ".join(asked)
    with usable_state():
        found = _answer(parts, words)
        if found is None:
            refuse(Message("document.no-such-subject", words=words), _way_out(parts))
            raise SystemExit(_UNKNOWN)
    if form == "json":
        say(printable_json(found.values, indent=2))
    else:
        say("\n".join(map(str, found.lines)))


def _answer(parts: Parts, asked: str) -> CommandAnswer | None:
    """Ask the extensions before the alerts: their names must match exactly, and may be numbers, too."""
    found = next(filter(None, (each.answer(parts, asked) for each in _whys(parts))), None)
    if found is None and asked.isdecimal():
        found = why_alert.answer(int(asked))
    if found is not None:
        return found
    rows = why_row.rows(parts, asked)
    if len(rows) > 1:
        named = [f"{row.origin} ({row.id})" for row in rows[:_NAMED]]
        refuse(
            Message("document.several-rows-match", words=asked, count=len(rows)),
            Message("document.choose-a-row", rows=named),
        )
        raise SystemExit(_UNKNOWN)
    return why_row.answer(parts, rows[0]) if rows else None


def _way_out(parts: Parts) -> Message:
    return Message(
        "document.where-names-are", known=[said for each in _whys(parts) if (said := each.known(parts))]
    )


def _whys(parts: Parts) -> Iterator[Why]:
    yield from (loaded(each.why) for each in parts.extensions if each.why)
