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
from toban.design.origin import Origin
from toban.design.reader import Design, Remainder, load_design
from toban.engine.bindings.load import UnreadableBindings, declared_in
from toban.engine.extension import Consequence
from toban.engine.hindsight.question import LONGEST
from toban.engine.registry.parts import Parts
from toban.engine.registry.ports import loaded
from toban.faces.cli.document.annotations import annotation
from toban.faces.cli.document.look_back import LookBack, look_back
from toban.faces.terminal import refuse, say, speak_utf8, styled
from toban.message import Message, listing, message_of
from toban.text import printable_json

_UNREADABLE = 2
_CHANGES = 3
_AGAINST = 4
_USUAL = 30
_NOT_ASKED = LookBack()


@click.command(
    "plan",
    epilog="Example: toban plan ops-design.md ops-design.new.md",
)
@click.argument("old", type=click.Path(path_type=Path))
@click.argument("new", type=click.Path(path_type=Path))
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "github"]), default="text", show_default=True
)
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST),
    help="Also show what each change would have done over the last DAYS, by what the running Toban keeps.",
)
@click.option(
    "--check", is_flag=True, help="For a pull request: changes alone are no failure; looks back 30 days."
)
@click.pass_obj
def command(parts: Parts, old: Path, new: Path, form: str, days: int | None, check: bool) -> None:
    """Show what changes in operations if the document NEW takes the place of OLD.

    Changes are listed by chapter; moving a row is not a change. For logs whose retention becomes shorter, the
    amount that the running Toban would delete is looked up and shown.

    \b
    Exit status:
      0  no change; with --check, nothing speaks against the changes
      2  one of the documents can't be read; with --check, or what is kept of the past can't be
      3  there are changes (without --check)
      4  with --check: the past speaks against a change, or a row can't be read any more
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
    days = days or (_USUAL if check else None)
    past = look_back(parts, before, after, days, now) if days is not None and difference else _NOT_ASKED
    if form == "json":
        say(_as_json(before, after, difference, told, past))
    elif form == "github":
        say("\n".join(_as_annotations(after, difference, past)))
    else:
        say("\n".join(_as_text(before, after, difference, told, past)))
    raise SystemExit(_checked(difference, past) if check else _CHANGES if difference else 0)


def _checked(difference: Difference, past: LookBack) -> int:
    if past.is_failed:
        refuse(past.unknown or Message("hindsight.not-whole"), Message("hindsight.check-store-and-days"))
        return _UNREADABLE
    # Nothing can be said of a row that can't be read, which would not be acted on either.
    return _AGAINST if past.is_adverse or difference.unread_added else 0


def _as_annotations(new: Design, difference: Difference, past: LookBack) -> Iterator[str]:
    for change in difference.changes:
        said = [*(field.said for field in change.fields), *past.lines(change)]
        yield annotation(
            change.clause.origin, change.title, said or [change.said], is_warning=past.is_against(change)
        )
    for row in difference.unread_added:
        at = Origin(new.document, row.line)
        yield annotation(at, Message("document.unreadable-rows"), [row.reason], is_warning=True)
    if past.unknown:
        yield _unknown(past)
    yield _summary(difference)


def _as_json(
    old: Design, new: Design, difference: Difference, told: Sequence[Consequence], past: LookBack
) -> str:
    report = {
        "old": old.document,
        "new": new.document,
        "changes": [_change_as_json(change) for change in difference.changes],
        "unread": {
            "added": [_unread_as_json(row) for row in difference.unread_added],
            "removed": [_unread_as_json(row) for row in difference.unread_removed],
        },
        **{each.key: each.values for each in told},
        **({"past": past.as_json()} if past.title else {}),
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


def _as_text(
    old: Design, new: Design, difference: Difference, told: Sequence[Consequence], past: LookBack
) -> Iterator[str]:
    if not difference:
        yield str(Message("document.no-change"))
        return
    for chapter, changes in groupby(difference.changes, key=lambda change: change.clause.chapter):
        yield styled(CHAPTERS[chapter], bold=True)
        for change in changes:
            yield from _change(change)
            yield from _past(change, past)
        yield ""
    for each in told:
        if each.lines:
            yield from (styled(each.title, bold=True), *map(str, each.lines), "")
    if past.unknown:
        yield from (_unknown(past), "")
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


def _past(change: ClauseChange, past: LookBack) -> Iterator[str]:
    said = list(past.lines(change))
    if said:
        yield styled(f"      {past.title}", colour="red" if past.is_against(change) else "cyan")
    yield from (f"        {line}" for line in said)


def _unknown(past: LookBack) -> str:
    return str(Message("hindsight.titled", title=past.title, said=past.unknown))


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
