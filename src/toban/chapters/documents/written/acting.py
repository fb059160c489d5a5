"""What Toban would really do about a row, and how people do the same without it. Pure."""

import shlex
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toban.chapters.documents.written.paper import Bullet, Code, Grid, PaperBlock, Title
from toban.chapters.documents.written.standing import NOTHING_KNOWN, Standing
from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.engine.amounts import length
from toban.engine.bindings.masking import Masking
from toban.engine.bindings.model import Bindings
from toban.engine.editions.edition import Edition
from toban.engine.masks import Masker, masker
from toban.engine.modes.rules import word
from toban.engine.operation import Declared, Operation, RowAnswer, rows_of, works_of
from toban.engine.runs.work import Work
from toban.message import Message

_LONGEST = 160


@dataclass(frozen=True, slots=True)
class Acts:
    """What is done about each row of an edition."""

    edition: Edition
    works: Mapping[str, Sequence[tuple[str, Work]]]
    """What each row orders, by the row's id: the works with their keys."""
    answers: Mapping[str, RowAnswer]
    mask: Masker
    """A command may hold what should have been a reference to a secret."""
    standing: Standing = NOTHING_KNOWN

    @classmethod
    def of(
        cls,
        edition: Edition,
        operations: Sequence[Operation[Any]],
        standing: Standing = NOTHING_KNOWN,
    ) -> "Acts":
        """Return what *operations* do."""
        works = defaultdict[str, list[tuple[str, Work]]](list)
        for key, work in works_of(edition, operations).items():
            works[work.clause_id].append((key, work))
        return cls(edition, dict(works), rows_of(edition, operations), masker(Masking()), standing)

    def state(self, row: Clause) -> Message:
        """Return in one sentence whether *row* is carried out."""
        if row.id not in self.answers:
            return Message("documents-written.not-handled")
        match self.answers[row.id]:
            case Declared(reason):
                return Message("documents-written.declared", why=reason)
            case Message() as reason if reason:
                return Message("documents-written.unbound", why=reason)
            case _:
                return Message("documents-written.running")


def sections(acts: Acts, rows: Iterable[Clause], *, only_automatic: bool = False) -> Iterator[PaperBlock]:
    """Yield each of *rows* with what Toban does about it, and what people do where there is no Toban.

    *only_automatic* leaves out what somebody has to order: a game day breaks what its row is about, and must
    not stand among the remedies.
    """
    for row in rows:
        yield Title(3, shortened(row.text))
        yield Bullet(Message("documents-written.ordered-by", row=str(row.origin)))
        yield Bullet(acts.state(row))
        for key, work in acts.works.get(row.id, ()):
            if work.is_automatic or not only_automatic:
                yield from _work(key, work, acts)


def stated(acts: Acts, rows: Iterable[Clause]) -> Grid:
    """Return *rows*, none of which orders a work, with whether each is carried out."""
    header = tuple(Message(f"documents-written.{each}") for each in ("row", "state", "place"))
    found = ((shortened(each.text), acts.state(each), str(each.origin)) for each in rows)
    return Grid(header, tuple(found))


def shortened(text: str) -> str:
    """Return the words of a row in one line; a paragraph is cut."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else f"{line[: _LONGEST - 1]}…"


def chapter_title(chapter: Chapter) -> Message:
    """Return the chapter's number and name."""
    name = Message(f"design.chapter-{chapter.value}")
    return Message("documents-written.chapter", number=chapter.number, name=name)


def _work(key: str, work: Work, acts: Acts) -> Iterator[PaperBlock]:
    if work.task is not None:
        roles = work.task.roles
        yield Bullet(Message("documents-written.task", name=work.task.name, roles=roles, when=_when(work)))
        return
    if work.reported is not None:
        yield Bullet(Message("documents-written.elsewhere", key=key, when=_when(work)))
        return
    yield Bullet(Message("documents-written.work", key=key, when=_when(work), mode=word(work.mode)))
    yield from (Bullet(each) for each in _terms(work))
    config = _config(key, acts.edition.bindings)
    if getattr(config, "command", None):
        yield from _by_hand(config, acts)
        return
    runs = tuple(dict.fromkeys(each for each in (work.bound, *(step.bound for step in work.steps)) if each))
    if runs:
        yield Bullet(Message("documents-written.runs", what=[acts.mask.text(each) for each in runs]))
    yield Bullet(Message("documents-written.as-the-row-says", where=_where(key, acts.edition.bindings)))


def _by_hand(config: Any, acts: Acts) -> Iterator[PaperBlock]:
    """Yield the command that the bindings run, and where."""
    hosts = list(getattr(config, "hosts", ()) or ())
    said = Message("documents-written.by-hand-on", hosts=hosts) if hosts else None
    yield Bullet(said or Message("documents-written.by-hand"))
    command = config.command
    yield Code(acts.mask.text(command if isinstance(command, str) else shlex.join(map(str, command))), "sh")


def _when(work: Work) -> Message | str:
    if work.trigger:
        return work.trigger
    return work.timing if work.is_automatic else Message("documents-written.on-order")


def _terms(work: Work) -> Iterator[Message]:
    for step in work.steps:
        if step.approval is not None:
            role, people = step.approval.role, step.approval.people
            yield Message("documents-written.approved-by", step=step.name, role=role, people=people)
    if work.timeout is not None:
        yield Message("documents-written.within", length=length(work.timeout))
    if work.retry_delays:
        delays = [length(each) for each in work.retry_delays]
        yield Message("documents-written.retries", count=len(delays), delays=delays)
    if work.depends_on:
        yield Message("documents-written.after", works=list(work.depends_on))


def _config(key: str, bindings: Bindings) -> object:
    """Return the settings of the work called *key*, of the tables whose entries may hold a command.

    Another table's entry of the same name is never taken for it: a wrong command would be obeyed at night.
    """
    kind, _, name = key.rpartition("/")
    table = {"": "batches", "remedy": "remedies"}.get(kind)
    entries = bindings.tables.get(table) if table else None
    entry = entries.get(name) if isinstance(entries, Mapping) else None
    return getattr(entry, "config", entry)


def _where(key: str, bindings: Bindings) -> Message | str:
    """Return the place of the settings of a work."""
    named = key.rpartition("/")[2]
    lines = [
        (line, table, name) for (table, name), line in bindings.lines.items() if name in (key, named) and name
    ]
    if not lines:
        return bindings.file
    line, table, name = min(lines)
    return Message("documents-written.table", file=bindings.file, line=line, table=table, name=name)
