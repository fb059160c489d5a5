"""Run all benchmarks one after another and print one table of their figures: `python -m benchmarks`.

Each is a program of its own, whose output goes to the error stream; for a figure to be trusted, nothing else
may run on the machine. What is wanted of a figure stands beside it, and what another program took in the same
run.

\b
Exit status:
  0  every benchmark was run, and every figure is as wanted
  1  a figure is not as wanted, or a benchmark failed
  3  neither, but a benchmark lacks something: another program, a running Toban
"""

import ast
import json
import os
import subprocess
import sys
import tempfile
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import click
from benchmarks.figures import LACKING, PLACE, Figure, stated

HEAD = ("benchmark", "figure", "wanted", "measured", "peer", "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a benchmark."""

    name: str
    figures: Sequence[Figure]
    status: int
    said: str
    """The last that it said on its error stream."""

    @property
    def trouble(self) -> str:
        """What it lacks, or that it failed; empty if it ran."""
        if self.status == 0:
            return ""
        return f"{'lacking' if self.status == LACKING else 'failed'}: {self.said}"


def programs() -> dict[str, Path]:
    """Return the file of each benchmark by its name: all programs here, but what they start."""
    folder = Path(__file__).parent
    files = {
        each.parent.name if each.stem == "__main__" else each.stem: each
        for each in (*folder.glob("[a-z]*.py"), *folder.glob("*/__main__.py"))
    }
    return {
        name: file
        for name, file in sorted(files.items())
        if '__name__ == "__main__"' in file.read_text(encoding="utf-8")
    }


def about(program: Path) -> str:
    """Return what a benchmark says of itself in its first line."""
    first = program.read_text(encoding="utf-8").lstrip('"').partition("\n")[0]
    return first.partition(": `")[0].rstrip('."')


def method(program: Path) -> str:
    """Return how a benchmark measures, as it says itself."""
    return ast.get_docstring(ast.parse(program.read_text(encoding="utf-8"))) or ""


def outcome(name: str) -> Outcome:
    """Run a benchmark to its end."""
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "figures"
        done = subprocess.run(
            [sys.executable, "-m", f"benchmarks.{name}"],
            env={**os.environ, PLACE: str(place)},
            stdout=sys.stderr.fileno(),
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
        sys.stderr.write(done.stderr)
        return Outcome(name, stated(place), done.returncode, last_said(done.stderr))


def last_said(text: str) -> str:
    """Return the last line that says what is wrong; a hint may follow it."""
    said = [line for line in text.splitlines() if line.strip() and not line.startswith("HINT")]
    return said[-1].removeprefix("Error: ") if said else ""


def rows(found: Outcome) -> Iterator[tuple[str, ...]]:
    """Yield the lines of the table about a benchmark."""
    for each in found.figures:
        peer = f"{each.peer} {amount(each.peers, each.unit)}" if each.peers is not None else ""
        verdict = "missed" if each.is_missed else ""
        yield found.name, each.name, wanted(each), amount(each.measured, each.unit), peer, verdict
    if found.trouble or not found.figures:
        yield found.name, "", "", "", "", found.trouble or "states no figure; see what it printed"


def wanted(figure: Figure) -> str:
    """Return what is wanted of *figure*: `≤ 50 ms`."""
    parts = [("≤", figure.most), ("≥", figure.least)]
    return " ".join(f"{sign} {amount(limit, figure.unit)}" for sign, limit in parts if limit is not None)


def amount(value: float, unit: str) -> str:
    """Return *value* with its unit, in as many digits as say something."""
    digits = 0 if float(value).is_integer() or abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f} {unit}".rstrip()


def table(lines: Sequence[Sequence[str]]) -> str:
    """Return *lines* in columns."""
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    padded = (
        "  ".join(cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True))
        for line in lines
    )
    return "\n".join(line.rstrip() for line in padded)


def _width(text: str) -> int:
    return sum(1 + (unicodedata.east_asian_width(each) in "WF") for each in text)


def status(outcomes: Sequence[Outcome]) -> int:
    """Return the exit status."""
    if any(figure.is_missed for each in outcomes for figure in each.figures):
        return 1
    if any(each.status not in (0, LACKING) for each in outcomes):
        return 1
    return LACKING if any(each.status == LACKING for each in outcomes) else 0


@click.command(help=__doc__)
@click.option("--only", multiple=True, metavar="NAME", help="Run this one; several times for several.")
@click.option("--list", "is_list", is_flag=True, help="Print what there is, and run nothing.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def main(only: tuple[str, ...], *, is_list: bool, form: str) -> None:
    """Run them and print the table."""
    known = programs()
    if unknown := set(only).difference(known):
        raise click.UsageError(f"no benchmark {', '.join(sorted(unknown))}; see --list")
    chosen = only or known
    if is_list:
        click.echo(table([(each, about(known[each])) for each in chosen]))
        return
    outcomes = []
    for each in chosen:
        click.secho(f"== {each}", bold=True, err=True)
        outcomes.append(outcome(each))
    if form == "json":
        told = [
            asdict(each) | {"method": method(known[each.name]), "trouble": each.trouble} for each in outcomes
        ]
        click.echo(json.dumps(told, ensure_ascii=False, indent=1))
    else:
        click.echo(table([HEAD, *(row for each in outcomes for row in rows(each))]))
    raise SystemExit(status(outcomes))


if __name__ == "__main__":
    main()
