"""Try the reader on documents, against what a person found in them: `python -m benchmarks.corpus FOLDER`.

For each document with labels (`benchmarks/corpus_labels/NAME.tsv`, see `labels` beside it) it prints how
many rows they name, how many of these were read, and how many were read as another kind, with another value,
or not at all; then the same for each kind. A clause in a line that no label names is of a wrong kind. A
document whose labels begin with `# refused` must be refused. The status is 1 if anything was read wrongly.

`--wrong` and `--unread` list such lines, `--draft FOLDER` writes labels as the reader would have them, for
a person to correct.
"""

import argparse
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.corpus.labels import NONE, DocumentLines, Label, differences, drafted, read_labels
from benchmarks.figures import LACKING, state

from toban.design.clauses.base import Clause
from toban.design.document_file import UnreadableDocument
from toban.design.reader import Design, read_design

LABELS = Path(__file__).parents[1] / "corpus_labels"
COLUMNS = ("rows", "read", "wrong kind", "wrong value", "unread")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What became of one label, or of a clause that none foresaw."""

    line: int
    kind: str
    outcome: str
    """One of `COLUMNS` after the first, or `not read` for what rightly isn't."""
    said: str = ""


@dataclass(slots=True)
class Tally:
    """Counts by column, per kind and in all."""

    counts: Counter[str] = field(default_factory=Counter)

    def add(self, verdict: Verdict) -> None:
        self.counts["rows"] += verdict.kind != NONE
        self.counts[verdict.outcome] += 1

    def __str__(self) -> str:
        return "".join(f"{self.counts[column]:>12}" for column in COLUMNS)


def main() -> int:
    arguments = _arguments()
    if arguments.folder is None:
        print(
            "no folder of documents is named; they are not Toban's, and do not come with it", file=sys.stderr
        )
        return LACKING
    documents = sorted(arguments.folder.glob("*.md"))
    if not documents:
        print(f"{arguments.folder}: no .md files", file=sys.stderr)
        return 2
    if arguments.draft:
        for path in documents:
            _draft(path, arguments.draft)
        return 0
    return _compare(documents, arguments)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path, nargs="?")
    parser.add_argument("--labels", type=Path, default=LABELS)
    parser.add_argument("--wrong", action="store_true")
    parser.add_argument("--unread", action="store_true")
    parser.add_argument("--draft", type=Path, metavar="FOLDER")
    return parser.parse_args()


def _compare(documents: Iterable[Path], arguments: argparse.Namespace) -> int:
    per_kind: defaultdict[str, Tally] = defaultdict(Tally)
    whole = Tally()
    print("".join(f"{column:>12}" for column in COLUMNS), " document")
    for path in documents:
        labels = arguments.labels / f"{path.stem}.tsv"
        if not labels.exists():
            print(f"{'no labels':>60}  {path.name}")
            continue
        tally = Tally()
        verdicts = list(judged(path.read_text("utf-8"), labels))
        for verdict in verdicts:
            for counted in (tally, whole, per_kind[verdict.kind]):
                counted.add(verdict)
        print(f"{tally}  {path.name}")
        _print_lines(verdicts, wrong=arguments.wrong, unread=arguments.unread)
    print("".join(f"{column:>12}" for column in COLUMNS), " kind")
    for kind, tally in sorted(per_kind.items()):
        print(f"{tally}  {kind}")
    print(f"{whole}  all")
    wrong = whole.counts["wrong kind"] + whole.counts["wrong value"]
    state("rows read wrongly", wrong, "rows", most=0)
    return int(wrong > 0)


def _print_lines(verdicts: Iterable[Verdict], *, wrong: bool, unread: bool) -> None:
    shown = {"wrong kind": wrong, "wrong value": wrong, "unread": unread}
    for verdict in sorted(verdicts, key=lambda verdict: verdict.line):
        if shown.get(verdict.outcome):
            print(f"    {verdict.line:>5} {verdict.outcome}: {verdict.kind} {verdict.said}")


def judged(text: str, labels: Path) -> Iterator[Verdict]:
    """Yield a verdict on each label of the file, and on each clause of a line that it does not name."""
    is_foreign = labels.read_text("utf-8").startswith("# refused")
    try:
        design = read_design(text, labels.stem)
    except UnreadableDocument as refusal:
        if not is_foreign:
            yield Verdict(0, "document", "wrong kind", f"refused: {refusal}")
        return
    if is_foreign:
        yield from (Verdict(clause.origin.line, NONE, "wrong kind", clause.kind) for clause in design.clauses)
        return
    yield from _verdicts(design, read_labels(labels), DocumentLines(text))


def _verdicts(design: Design, labels: list[Label], lines: DocumentLines) -> Iterator[Verdict]:
    clauses: defaultdict[int, list[Clause]] = defaultdict(list)
    for clause in design.clauses:
        clauses[clause.origin.line].append(clause)
    for label in labels:
        yield _verdict(label, clauses[label.line], lines)
    for line, left in clauses.items():
        yield from (Verdict(line, NONE, "wrong kind", f"read as {clause.kind}") for clause in left)


def _verdict(label: Label, clauses: list[Clause], lines: DocumentLines) -> Verdict:
    """Judge *label*, and take the clause that it speaks of out of *clauses*."""
    kind = NONE if label.is_none else min(label.kinds)
    of_kind = [clause for clause in clauses if clause.kind in label.kinds]
    if not of_kind:
        return Verdict(label.line, kind, "not read" if label.is_none else "unread")
    best = min(of_kind, key=lambda clause: len(differences(clause, label, lines)))
    clauses.remove(best)
    wrong = differences(best, label, lines)
    return Verdict(label.line, kind, "wrong value" if wrong else "read", "; ".join(wrong))


def _draft(path: Path, folder: Path) -> None:
    text = path.read_text("utf-8")
    try:
        design = read_design(text, path.name)
    except UnreadableDocument:
        drafts = ["# refused"]
    else:
        lines = DocumentLines(text)
        read = [(clause.origin.line, drafted(clause, lines)) for clause in design.clauses]
        unread = [(row.line, f"{row.line}\t?unread") for row in design.unread]
        drafts = [draft for _, draft in sorted((*read, *unread))]
    (folder / f"{path.stem}.tsv").write_text("\n".join(drafts) + "\n", "utf-8")


if __name__ == "__main__":
    raise SystemExit(main())
