"""Try the reader on a folder of documents: `python -m benchmarks.corpus FOLDER`.

Prints for each document how many rows it has, how many were read, how many were not understood, and how long
that took. `--unread` lists the latter with their reasons, `--clauses` the former as they were read.
"""

import argparse
import sys
import time
from pathlib import Path

from toban.design.reader import Design, UnreadableDocument, load_design


def main() -> int:
    arguments = _arguments()
    documents = sorted(arguments.folder.glob("*.md"))
    if not documents:
        print(f"{arguments.folder}: no .md files", file=sys.stderr)
        return 2
    print(f"{'rows':>6}{'read':>6}{'not':>6}{'share':>7}{'ms':>6}  document")
    for path in documents:
        started = time.perf_counter()
        try:
            design = load_design(path)
        except UnreadableDocument as refusal:
            print(f"{'refused':>31}  {path.name}: {refusal}")
            continue
        _print_summary(design, path, time.perf_counter() - started)
        _print_rows(design, clauses=arguments.clauses, unread=arguments.unread)
    return 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--clauses", action="store_true")
    parser.add_argument("--unread", action="store_true")
    return parser.parse_args()


def _print_summary(design: Design, path: Path, seconds: float) -> None:
    share = f"{design.read / design.rows:.0%}" if design.rows else "-"
    not_read = len(design.unread)
    print(f"{design.rows:>6}{design.read:>6}{not_read:>6}{share:>7}{seconds * 1000:>6.0f}  {path.name}")


def _print_rows(design: Design, *, clauses: bool, unread: bool) -> None:
    if clauses:
        for clause in design.clauses:
            print(f"    {clause.origin.line:>5} {clause.id}: {' / '.join(clause.text.splitlines())[:100]}")
    if unread:
        for row in design.unread:
            print(f"    {row.line:>5} ? {' / '.join(row.text.splitlines())[:60]}: {row.reason}")


if __name__ == "__main__":
    raise SystemExit(main())
