"""`toban init --reading`: what the unread tables of a document are, asked of its owner one by one."""

import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from io import StringIO
from pathlib import Path

from toban.catalogue import active_language
from toban.design.cells import unified
from toban.design.clauses.base import Clause
from toban.design.clauses.labels import KINDS
from toban.design.markdown import MarkdownTable
from toban.design.origin import Origin
from toban.design.reader import Design, read_design
from toban.design.reading.declared.declaration import DeclaredElsewhere, declaration
from toban.design.reading.declared.proposals import AskedTable, asked_tables
from toban.design.reading.grounds import said_fields
from toban.engine.bindings.load import declared_in
from toban.engine.bindings.reading.draft import reading_table
from toban.engine.editions.document_file import document_text, write_document
from toban.faces.terminal import confirm, say, styled, typed
from toban.message import Message, listing

_SHOWN = 3
_NONE, _QUIT = "n", "q"


@dataclass(frozen=True, slots=True)
class ReadingAnswer:
    """What a table was said to be."""

    asked: AskedTable
    declares: str

    @property
    def elsewhere(self) -> DeclaredElsewhere:
        said = declaration(self.declares, Origin("", self.asked.table.line), self.declares)
        return DeclaredElsewhere(said, self.asked.headings, self.asked.table.header)


class ReadingDialogue:
    """The questions about one document; each answer is kept before the next question is asked."""

    def __init__(self, document: Path, bindings: Path) -> None:
        self._document = document
        self._bindings = bindings
        self._declared = declared_in(bindings)
        self._content, self._text = document_text(document, self._declared)

    def propose(self) -> None:
        """Print what could be declared, for whoever can't be asked."""
        for asked in self._asked():
            say("\n".join(self._question(asked)))

    def take_sure(self, *, in_document: bool) -> None:
        """Declare every table of which as much speaks for one kind as for what is read unasked."""
        sure = [
            ReadingAnswer(asked, asked.proposals[0].declares(active_language()))
            for asked in self._asked()
            if asked.proposals and asked.proposals[0].is_sure
        ]
        self._keep(sure, in_document=in_document, is_asked=False)
        say(Message("document.readings-declared", count=len(sure)))

    def ask(self, *, in_document: bool) -> None:
        """Ask about each table in turn, until there is none left or the owner leaves."""
        answers: list[ReadingAnswer] = []
        for asked in self._asked():
            say("\n".join(self._question(asked)))
            answer = self._answer(asked)
            if answer == _QUIT:
                break
            if isinstance(answer, ReadingAnswer):
                answers.append(answer)
                if not in_document:
                    self._keep([answer], in_document=False, is_asked=True)
        if in_document:
            self._keep(answers, in_document=True, is_asked=True)
        say(Message("document.readings-declared", count=len(answers)))

    def _asked(self) -> Iterator[AskedTable]:
        return asked_tables(self._design(()))

    def _design(self, answers: Sequence[ReadingAnswer]) -> Design:
        declared = [*self._declared, *(each.elsewhere for each in answers)]
        return read_design(self._text, str(self._document), declared)

    def _question(self, asked: AskedTable) -> Iterator[str]:
        place = f"{self._document}:{asked.table.line}"
        yield f"{styled(place, bold=True)}: {' > '.join(asked.headings)}"
        yield f"    {' | '.join(asked.table.header)}"
        yield from (f"    {' | '.join(row.cells)}" for row in asked.table.rows[:_SHOWN])
        for number, each in enumerate(asked.proposals, start=1):
            yield f"  {number}) {each.declares(active_language())}"
            yield from (f"       {line}" for line in _preview(each.clauses))

    def _answer(self, asked: AskedTable) -> "ReadingAnswer | str":
        """Return the answer; a text that is none of the choices is a declaration of the owner's own."""
        while True:
            said = typed(Message("document.ask-reading", count=len(asked.proposals))).strip()
            if said in ("", _QUIT):
                return said
            if said == _NONE:
                return ReadingAnswer(asked, "none")
            if said.isdecimal():
                if 0 < int(said) <= len(asked.proposals):
                    return ReadingAnswer(asked, asked.proposals[int(said) - 1].declares(active_language()))
                continue
            answer = ReadingAnswer(asked, said)
            if self._is_readable(answer):
                return answer

    def _is_readable(self, answer: ReadingAnswer) -> bool:
        """Print what the owner's own words would give, and return whether they want that."""
        design = self._design([answer])
        known = {(each.origin, each.message) for each in self._design(()).misdeclared}
        flaws = [each for each in design.misdeclared if (each.origin, each.message) not in known]
        for each in flaws:
            say(f"  {each.message}\n  HINT: {each.hint}")
        clauses = _of(design, answer.asked.table)
        for line in _preview(clauses[:_SHOWN]):
            say(f"       {line}")
        say(Message("document.rows-of-table", count=len(answer.asked.table.rows), read=len(clauses)))
        return bool(clauses)

    def _keep(self, answers: Sequence[ReadingAnswer], *, in_document: bool, is_asked: bool) -> None:
        if not answers:
            return
        if in_document:
            self._write_comments(answers, is_asked=is_asked)
            return
        old = self._bindings.read_bytes() if self._bindings.exists() else None
        said = (
            reading_table(each.declares, each.asked.headings, each.asked.table.header) for each in answers
        )
        added = "".join(f"\n{each}\n" for each in said)
        if old is None:
            self._bindings.touch(exist_ok=False)
            old = b""
        write_document(self._bindings, old, old.decode() + added)

    def _write_comments(self, answers: Sequence[ReadingAnswer], *, is_asked: bool) -> None:
        # Not `splitlines`: as Markdown counts them, a form feed ends no line.
        lines = StringIO(self._text, newline="").readlines()
        for each in sorted(answers, key=lambda answer: -answer.asked.table.line):
            at = each.asked.table.line - 1
            indent = lines[at][: len(lines[at]) - len(lines[at].lstrip(" \t>"))]
            end = "\r\n" if lines[at].endswith("\r\n") else "\n"
            lines.insert(at, f"{indent}<!-- toban: {each.declares} -->{end}")
        changed = "".join(lines)
        say(unified(self._text, changed, self._document.name))
        if is_asked:
            confirm(Message("document.confirm-comments", document=self._document, count=len(answers)))
        write_document(self._document, self._content, changed)


def is_asked_here() -> bool:
    """Say whether somebody can answer: both ends are a terminal."""
    return sys.stdin.isatty() and sys.stdout.isatty()


def _preview(clauses: Sequence[Clause]) -> Iterator[str]:
    for clause in clauses:
        said = listing([*said_fields(clause)])
        yield str(Message("document.row-would-be", kind=KINDS[clause.kind], values=said))


def _of(design: Design, table: MarkdownTable) -> list[Clause]:
    lines = {row.line for row in table.rows}
    return [clause for clause in design.clauses if clause.origin.line in lines]
