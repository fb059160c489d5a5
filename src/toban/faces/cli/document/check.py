"""`toban check FILE`: what the document says, what it contradicts, what wasn't understood.

With `--live`, also what would fail tonight. Only then is more than the document's own language loaded.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

import click

from toban.catalogue import active_language
from toban.design.clauses.base import Clause
from toban.design.document_file import UnreadableDocument
from toban.design.finding import Finding, FindingLevel
from toban.design.lint import inspect
from toban.design.lint.general import row_stands_twice
from toban.design.reader import Design, Remainder, load_design
from toban.design.reading.declared.proposals import AskedTable, ReadingProposal, asked_tables
from toban.design.reading.grounds import explanation
from toban.faces.terminal import refuse, say, say_over, speak_utf8, styled
from toban.message import Message, listing, message_of, sentences
from toban.text import printable_json

if TYPE_CHECKING:
    from toban.design.reading.declared.declaration import DeclaredElsewhere
    from toban.engine.registry.parts import Parts
    from toban.faces.cli.document.trying import TrialResult

_COLOURS = {FindingLevel.ERROR: "red", FindingLevel.WARNING: "yellow", FindingLevel.INFO: "cyan"}

_HAS_ERRORS = 1
_UNREADABLE = 2
_NOTHING_TRIED: "Sequence[TrialResult] | None" = None
_NO_HINTS: Mapping[int, Message] = MappingProxyType({})
_MOST_ASKED = 50
_FIRST_YEAR = 1950
_LAST_YEAR = 2097


def _within_reach(
    _context: click.Context, _option: click.Parameter, today: datetime | None
) -> datetime | None:
    # Dates two years ahead must still be valid, and holidays are known only for this and the last century.
    if today is not None and not _FIRST_YEAR <= today.year <= _LAST_YEAR:
        raise click.BadParameter(
            str(Message("document.year-out-of-range", first=_FIRST_YEAR, last=_LAST_YEAR))
        )
    return today


@click.command(
    "check",
    epilog="Example: toban check ops-design.md --format json",
)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option(
    "--today",
    type=click.DateTime(["%Y-%m-%d"]),
    callback=_within_reach,
    metavar="DATE",
    help="The day from which dates are counted ahead, instead of today.",
)
@click.option("--live", is_flag=True, help="Also try now what the bindings name and could fail in the night.")
@click.option(
    "--bindings",
    type=click.Path(path_type=Path),
    help="With --live or --assumptions: default is TOBAN_BINDINGS, else toban.toml next to FILE.",
)
@click.option(
    "--assumptions",
    is_flag=True,
    help="List only what the document leaves open: the value taken, why, where to set it, for which rows.",
)
@click.option(
    "--explain",
    type=click.IntRange(min=1),
    metavar="LINE",
    help="Say only how the line was read, by which words, and as which values.",
)
@click.pass_obj
def command(
    parts: "Parts",
    file: Path,
    form: str,
    today: datetime | None,
    live: bool,
    bindings: Path | None,
    assumptions: bool,
    explain: int | None,
) -> None:
    """Read the operations design FILE and report all contradictions in it, before anything runs.

    Blanks that are left and rows that can't be read are reported too.

    With --live, try now what could fail at night: all secrets, commands, databases, hosts, stores and
    channels that the bindings name. Nothing is run, sent or kept.

    \b
    Exit status:
      0  no error-level finding
      1  at least one error-level finding
      2  the document can't be read (the error stream says why, standard output stays empty),
         or not in one way only: rows that stand twice (XX004)
    """
    speak_utf8()
    if bindings is not None and not (live or assumptions):
        raise click.UsageError(str(Message("document.bindings-need-live")))
    there = bindings or Path(os.environ.get("TOBAN_BINDINGS", file.with_name("toban.toml")))
    try:
        design = load_design(file, _declared(there))
    except UnreadableDocument as exc:
        refuse(message_of(exc), exc.hint)
        raise SystemExit(_UNREADABLE) from exc
    if explain is not None:
        _explain(design, explain, form)
        return
    if assumptions:
        _list_assumptions(design, there, parts, form)
        return
    day = (today or datetime.now().astimezone()).date()
    findings, tried = inspect(design, day), _NOTHING_TRIED
    if live:
        found = _live(design, there, parts)
        findings, tried = (*findings, *found.findings), found.tried
    say(_as_json(design, findings, tried) if form == "json" else _as_text(design, findings, tried))
    raise SystemExit(_status(findings))


def _declared(bindings: Path) -> "Sequence[DeclaredElsewhere]":
    """Return what *bindings* declare about the document; without them, nothing of the engine is loaded."""
    if not (bindings.exists() and "[[reading]]" in bindings.read_text(encoding="utf-8", errors="replace")):
        return ()
    from toban.engine.bindings.load import UnreadableBindings, declared_in  # noqa: PLC0415

    try:
        return declared_in(bindings)
    except UnreadableBindings as exc:
        say(exc, err=True)
        raise SystemExit(_UNREADABLE) from exc


def _explain(design: Design, line: int, form: str) -> None:
    """Print what became of *line*; raises `click.UsageError` if nothing stands there that could be read."""
    told = tuple(_told(design, line))
    if not told:
        nearest = min(_lines(design), key=lambda other: abs(other - line), default=None)
        raise click.UsageError(str(Message("document.nothing-to-explain", line=line, nearest=nearest)))
    if form == "json":
        said: object = {"line": line, "explanation": [message.as_output() for message in told]}
        say(printable_json(said, indent=2))
    else:
        say("\n".join([f"{design.document}:{line}", *(f"  {message}" for message in told)]))


def _list_assumptions(design: Design, bindings: Path, parts: "Parts", form: str) -> None:
    """Print what is assumed with *bindings*, or without any if there is no such file."""
    from toban.engine.assumptions.taken import taken  # noqa: PLC0415
    from toban.engine.assumptions.vague import settle  # noqa: PLC0415
    from toban.engine.bindings.load import UnreadableBindings, load_bindings, read_bindings  # noqa: PLC0415

    try:
        is_there = bindings.exists()
        bound = (
            load_bindings(bindings, parts.schema) if is_there else read_bindings("", bindings, parts.schema)
        )
    except UnreadableBindings as exc:
        say(exc, err=True)
        raise SystemExit(_UNREADABLE) from exc
    values = taken(settle(design, bound), bound, parts.schema)
    if form == "json":
        found = {"document": design.document, "assumptions": [each.as_output() for each in values]}
        say(printable_json(found, indent=2))
        return
    for each in values:
        lines = ", ".join(str(row.origin.line) for row in each.rows)
        code = "document.value-is-set" if each.is_set else "document.value-is-assumed"
        setting = each.setting or Message("document.the-document")
        say(f"{design.document}:{lines}: {each.said}\n    {Message(code, why=each.why, setting=setting)}")


def _told(design: Design, line: int) -> Iterator[Message]:
    clauses = tuple(clause for clause in design.clauses if clause.origin.line == line)
    if clauses:
        yield from explanation(design.grounds[line], clauses)
    for fate, parts in (
        ("unread", design.unread),
        ("not-in-force", design.not_in_force),
        ("prose", design.aside),
    ):
        for part in parts:
            if part.line == line:
                yield Message(f"document.explained-{fate}", reason=part.reason)


def _lines(design: Design) -> Iterator[int]:
    yield from (clause.origin.line for clause in design.clauses)
    yield from (part.line for part in (*design.unread, *design.not_in_force, *design.aside))


def _status(findings: Iterable[Finding]) -> int:
    if any(finding.code == row_stands_twice.code for finding in findings):
        return _UNREADABLE
    return _HAS_ERRORS if any(finding.level is FindingLevel.ERROR for finding in findings) else 0


@dataclass(frozen=True, slots=True)
class _LiveFindings:
    """What was found beyond the document: in the bindings, and by trying them."""

    findings: tuple[Finding, ...]
    tried: "Sequence[TrialResult]"


def _live(design: Design, bindings: Path, parts: "Parts") -> _LiveFindings:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
    # Some kinds have tables of their own, and Django must be set up before those are loaded.
    import django  # noqa: PLC0415

    django.setup()
    from toban.engine.assumptions.vague import settle  # noqa: PLC0415
    from toban.engine.bindings.load import UnreadableBindings, load_bindings  # noqa: PLC0415
    from toban.engine.clock import system_clock  # noqa: PLC0415
    from toban.engine.editions.edition import Edition  # noqa: PLC0415
    from toban.faces.cli.document.trials import foreseen, trials_of  # noqa: PLC0415
    from toban.faces.cli.document.trying import try_all  # noqa: PLC0415

    try:
        bound = load_bindings(bindings, parts.schema)
    except UnreadableBindings as exc:
        return _LiveFindings(exc.findings, ())
    edition = Edition(settle(design, bound), bound, parts.kinds)
    operations = parts.operations
    told = foreseen(edition, operations, parts.findings(edition.design, bound))
    tried = try_all(trials_of(edition, operations, told, system_clock()), _progress)
    found = (*told, *(finding for each in tried for finding in each.findings))
    return _LiveFindings(tuple(sorted(found, key=lambda finding: finding.origin)), tried)


def _progress(done: int, count: int) -> None:
    if sys.stderr.isatty():
        told = Message("document.trying", done=done, count=count)
        say_over(told, is_last=done == count)


def _as_json(design: Design, findings: Iterable[Finding], tried: "Sequence[TrialResult] | None") -> str:
    report: dict[str, object] = {
        "document": design.document,
        "clauses": [_clause_as_json(clause) for clause in design.clauses],
        "findings": [
            {
                "code": finding.code,
                "level": str(finding.level),
                # Bindings may declare how the document is read, and `--live` looks at all of them.
                **(
                    {}
                    if tried is None and finding.origin.document == design.document
                    else {"file": finding.origin.document}
                ),
                "line": finding.origin.line,
                "message": finding.message.as_output(),
                "hint": finding.hint.as_output(),
            }
            for finding in findings
        ],
        "unread": _parts(design.unread),
        "proposals": [_proposal_as_json(each) for asked in _asked(design) for each in asked.proposals],
        "not_in_force": _parts(design.not_in_force),
        "prose": _parts(design.aside),
        "assumptions": [
            {"line": clause.origin.line, **assumption.as_output()}
            for clause in design.clauses
            for assumption in clause.assumptions
        ],
        "summary": {
            "rows": design.rows,
            "read": design.read,
            "unread": len(design.unread),
            "not_in_force": len(design.not_in_force),
        },
    }
    if tried is not None:
        report["tried"] = [
            {
                "name": each.trial.name.as_output(),
                "file": each.trial.origin.document,
                "line": each.trial.origin.line,
                "ok": not each.findings,
            }
            for each in tried
        ]
    return printable_json(report, indent=2)


def _clause_as_json(clause: Clause) -> dict[str, object]:
    return {
        "id": clause.id,
        "chapter": str(clause.chapter),
        "kind": clause.kind,
        "line": clause.origin.line,
        "text": clause.text,
        "status": "assumed" if clause.assumptions else "read",
    }


def _proposal_as_json(proposal: ReadingProposal) -> dict[str, object]:
    return {
        "line": proposal.table.line,
        "kind": proposal.kind.kind,
        "comment": proposal.comment(active_language()),
        "rows": [clause.text for clause in proposal.clauses],
    }


def _parts(parts: Iterable[Remainder]) -> list[dict[str, object]]:
    return [{"line": part.line, "text": part.text, "reason": part.reason.as_output()} for part in parts]


def _as_text(design: Design, findings: tuple[Finding, ...], tried: "Sequence[TrialResult] | None") -> str:
    # Findings that only inform come after those that have to be fixed.
    ordered = sorted(findings, key=lambda finding: finding.level is FindingLevel.INFO)
    parts = [
        *(_finding(finding) for finding in ordered),
        *_listed(design.document, Message("document.rows-not-understood"), design.unread, _hints(design)),
        *_listed(design.document, Message("document.rows-not-in-force"), design.not_in_force),
        _summary(design, findings),
    ]
    if tried is not None:
        parts.append(_trials(tried))
    return "\n".join(parts)


def _trials(tried: "Sequence[TrialResult]") -> str:
    # A name begins with the word for its kind: バッチ B001, Batch B001.
    kinds = Counter(str(each.trial.name).partition(" ")[0] for each in tried)
    told = Message("document.tried", count=len(tried))
    if kinds:
        counts = [f"{kind} {count}" for kind, count in kinds.items()]
        told = Message("document.with-detail", said=told, detail=counts)
    failing = Message("document.fail-tonight", count=sum(1 for each in tried if each.findings))
    return str(sentences(told, failing))


def _finding(finding: Finding) -> str:
    head, *rest = str(finding).split("\n")
    place, code, message = head.partition(f" {finding.code} ")
    coloured = styled(code, colour=_COLOURS[finding.level], bold=True)
    return "\n".join([f"{styled(place, bold=True)}{coloured}{message}", *rest, ""])


def _hints(design: Design) -> dict[int, Message]:
    """Return for the first row of each unread table what can be pasted above it."""
    return {
        asked.first: Message(
            "document.declare-above",
            line=asked.table.line,
            comment=asked.proposals[0].comment(active_language()),
        )
        for asked in _asked(design)
        if asked.proposals
    }


def _asked(design: Design) -> Iterator[AskedTable]:
    # Trying what a table could be takes a while, and nobody declares more at once.
    return islice(asked_tables(design), _MOST_ASKED)


def _listed(
    document: str, title: Message, parts: Sequence[Remainder], hints: Mapping[int, Message] = _NO_HINTS
) -> Iterator[str]:
    if not parts:
        return
    yield str(title)
    for part in parts:
        yield f"{document}:{part.line}: {part.reason}"
        yield from (f"    {line}" for line in part.text.splitlines())
        if part.line in hints:
            yield f"HINT: {hints[part.line]}"
    yield ""


def _summary(design: Design, findings: tuple[Finding, ...]) -> str:
    counts = listing([_count(level, findings) for level in FindingLevel])
    return str(sentences(counts, Message("document.rows-read", count=design.rows, read=design.read)))


def _count(level: FindingLevel, findings: tuple[Finding, ...]) -> str:
    found = [finding.code for finding in findings if finding.level is level]
    count = Message(f"document.{level}-count", count=len(found))
    coloured = styled(count, colour=_COLOURS[level] if found else None)
    if not found or level is not FindingLevel.ERROR:
        return coloured
    return str(Message("document.with-detail", said=coloured, detail=" ".join(sorted(set(found)))))
