"""`toban plan OLD NEW`: what would change if NEW took the place of OLD."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any

import click

from toban.design.clauses.base import Clause
from toban.design.clauses.labels import CHAPTERS
from toban.design.diff import ClauseChange, Difference, FieldChange, compare
from toban.design.document_file import UnreadableDocument
from toban.design.reader import Design, Remainder, load_design
from toban.engine.bindings.load import UnreadableBindings, declared_in
from toban.engine.extension import Consequence
from toban.engine.registry.parts import Parts
from toban.engine.registry.ports import loaded
from toban.faces.terminal import refuse, say, speak_utf8, styled
from toban.message import Message, listing, message_of
from toban.text import printable_json

_UNREADABLE = 2
_CHANGES = 3


@click.command(
    "plan",
    epilog="Example: toban plan ops-design.md ops-design.new.md",
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.pass_obj
def command(parts: Parts, old: Path, new: Path, form: str) -> None:
    """Show what changes in operations if the document NEW takes the place of OLD.

    Changes are listed by chapter; moving a row is not a change. For logs whose retention becomes shorter, the
    amount that the running Toban would delete is looked up and shown.

    \b
    Exit status:
      0  no change
      2  one of the documents can't be read
      3  there are changes
    """
    speak_utf8()
    try:
        before, after = (load_design(path, declared_in(path.with_name("toban.toml"))) for path in (old, new))
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNREADABLE) from exc
    except UnreadableBindings as exc:
        say(exc, err=True)
        raise SystemExit(_UNREADABLE) from exc
    difference = compare(before, after)
    now = datetime.now(UTC)
    asked = (each.consequence for each in parts.extensions if each.consequence)
    told = [loaded(reference)(before, after, parts, now) for reference in asked]
    if form == "json":
        say(_as_json(before, after, difference, told))
    else:
        say("\n".join(_as_text(before, after, difference, told)))
    if difference:
        raise SystemExit(_CHANGES)


def _as_json(old: Design, new: Design, difference: Difference, told: Sequence[Consequence]) -> str:
    report = {
        "old": old.document,
        "new": new.document,
        "changes": [_change_as_json(change) for change in difference.changes],
        "unread": {
            "added": [_unread_as_json(row) for row in difference.unread_added],
            "removed": [_unread_as_json(row) for row in difference.unread_removed],
        },
        **{each.key: each.values for each in told},
    }
    return printable_json(report, indent=2)


def _change_as_json(change: ClauseChange) -> dict[str, Any]:
    return {
        "id": change.clause.id,
        "chapter": str(change.clause.chapter),
        "kind": change.clause.kind,
        "change": _named(change),
        "old_line": change.old.origin.line if change.old else None,
        "new_line": change.new.origin.line if change.new else None,
        "fields": [_field_as_json(field) for field in change.fields],
    }


def _field_as_json(field: FieldChange) -> dict[str, Any]:
    return {"label": field.label.as_output(), "old": str(field.old), "new": str(field.new)}


def _named(change: ClauseChange) -> str:
    if change.old is None:
        return "added"
    return "removed" if change.new is None else "changed"


def _unread_as_json(row: Remainder) -> dict[str, Any]:
    return {"line": row.line, "text": row.text, "reason": row.reason.as_output()}


def _as_text(old: Design, new: Design, difference: Difference, told: Sequence[Consequence]) -> Iterator[str]:
    if not difference:
        yield str(Message("document.no-change"))
        return
    for chapter, changes in groupby(difference.changes, key=lambda change: change.clause.chapter):
        yield styled(CHAPTERS[chapter], bold=True)
        for change in changes:
            yield from _change(change)
        yield ""
    for each in told:
        if each.lines:
            yield from (styled(each.title, bold=True), *map(str, each.lines), "")
    yield from _unread(old, new, difference)
    yield _summary(difference)


def _change(change: ClauseChange) -> Iterator[str]:
    if change.old is None:
        yield styled(f"  + {change.title}  {change.clause.origin}", colour="green")
        yield from _quoted(change.clause)
    elif change.new is None:
        yield styled(f"  - {change.title}  {change.clause.origin}", colour="red")
        yield from _quoted(change.clause)
    else:
        yield styled(f"  ~ {change.title}  {change.old.origin} → {change.new.origin}", colour="yellow")
        yield from (f"      {field.said}" for field in change.fields)


def _quoted(clause: Clause) -> Iterator[str]:
    return (f"      {line}" for line in clause.text.splitlines())


def _unread(old: Design, new: Design, difference: Difference) -> Iterator[str]:
    if not difference.unread_added and not difference.unread_removed:
        return
    yield styled(Message("document.unreadable-rows"), bold=True)
    for row in difference.unread_added:
        yield from (f"  + {new.document}:{row.line}: {row.reason}", f"      {row.text}")
    for row in difference.unread_removed:
        yield from (f"  - {old.document}:{row.line}: {row.reason}", f"      {row.text}")
    yield ""


def _summary(difference: Difference) -> str:
    kinds = [_named(change) for change in difference.changes]
    counts = [
        Message(f"document.{kind}", count=kinds.count(kind)) for kind in ("changed", "added", "removed")
    ]
    unread = len(difference.unread_added) + len(difference.unread_removed)
    if unread:
        counts.append(Message("document.unreadable-rows-differ", count=unread))
    return str(listing(counts))
