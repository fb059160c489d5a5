"""`toban documents`: where each document is, what it does not follow yet, and which a change touches."""

from collections.abc import Iterator, Sequence

import click

from toban.chapters.documents.operation import OPERATION
from toban.chapters.documents.plan import DocumentsPlan, KeptDocument
from toban.chapters.documents.states import DocumentState
from toban.engine.changes.act import ChangeKind
from toban.faces.cli.group import OpenGroup
from toban.faces.cli.kept import edition_of
from toban.faces.cli.state import FORMAT, usable_state
from toban.faces.terminal import say, speak_utf8
from toban.faces.values.documents import document_values, touched
from toban.message import Message
from toban.text import printable_json


@click.group(
    "documents",
    cls=OpenGroup,
    invoke_without_command=True,
    epilog="Example: toban documents --kind release --about web-1",
)
@click.option(
    "--kind",
    type=click.Choice([each.value for each in ChangeKind]),
    help="Only the documents that a change of this kind touches.",
)
@click.option(
    "--about",
    multiple=True,
    metavar="NAME",
    help="What that change is about: a target, a host, a batch, a row.",
)
@FORMAT
@click.pass_context
def command(ctx: click.Context, kind: str | None, about: tuple[str, ...], form: str) -> None:
    """List the documents of chapter 12: where each is kept, and which changes it does not follow yet.

    \b
    Exit status:
      0  listed, also if there are none
      2  nothing runs there, or the state database can't be used
    """
    if ctx.invoked_subcommand is not None:
        return
    speak_utf8()
    with usable_state():
        plan = edition_of(ctx.obj).plan(OPERATION)
        found = touched(plan, ChangeKind(kind) if kind else None, about)
        if form == "json":
            say(printable_json([document_values(each, plan) for each in found], indent=2))
            return
        for line in _lines(found, plan):
            say(line)


def _lines(found: Sequence[DocumentState], plan: DocumentsPlan) -> Iterator[Message]:
    zone = plan.system.zone
    for each in found:
        here, reading = each.here, each.reading
        yield Message(
            "documents.line",
            name=each.document.row.name,
            place=here.place if here is not None else "—",
            at=here.changed_at.astimezone(zone) if here is not None and here.changed_at else "—",
            by=(here.changed_by if here is not None else "") or "—",
            reader=reading.username if reading is not None else "—",
        )
        yield from _about(each.document)
        for copy in each.copies:
            if copy.trouble:
                yield Message("documents.line-trouble", place=copy.place, why=copy.trouble)
        for change in each.pending:
            until = plan.until(change.change.at).astimezone(zone)
            yield Message("documents.line-pending", change=change.facts.said, until=until)
        for gone in each.vanished:
            yield Message("documents.line-vanished", what=gone)
    for each in found:
        if each.document.unknown:
            yield Message("documents.line-unknown", name=each.document.row.name, words=each.document.unknown)
    if not found:
        yield Message("documents.none")


def _about(document: KeptDocument) -> Iterator[Message]:
    if document.is_written:
        yield Message("documents.line-written")
    elif document.row.follows_changes:
        code = "line-about" if document.is_confirmed else "line-about-assumed"
        yield Message(f"documents.{code}", about=document.about)
