"""How a benchmark states its figures and what it lacks, for the table of `python -m benchmarks`.

A benchmark prints what it finds for people. What is wanted of it, or compared with others, it also states:
`state("start lag p99", 43.1, "ms", most=50)`. Run by itself, stating does nothing.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import pytest

PLACE = "TOBAN_BENCHMARK_FIGURES"
"""The variable that names the file to which figures are added, a line of JSON each."""

LACKING = 3
"""The exit status of a benchmark that lacks something."""


@dataclass(frozen=True, slots=True)
class Figure:
    """Something that was measured, with what is wanted of it and what another program takes."""

    name: str
    measured: float
    unit: str
    most: float | None = None
    """What it may be at most, if something is wanted of it."""
    least: float | None = None
    peer: str = ""
    """What it is compared with, measured in the same run."""
    peers: float | None = None

    @property
    def is_missed(self) -> bool:
        """Whether it is not what is wanted."""
        is_over = self.most is not None and self.measured > self.most
        return is_over or (self.least is not None and self.measured < self.least)


class Lacking(click.ClickException):
    """The benchmark can't be run here; the message says what it lacks."""

    exit_code = LACKING


def state(
    name: str,
    measured: float,
    unit: str,
    *,
    most: float | None = None,
    least: float | None = None,
    peer: tuple[str, float] | None = None,
) -> None:
    """State a figure: what may it be at most or at least, and what does *peer*, by name, take?"""
    if place := os.environ.get(PLACE):
        figure = Figure(name, measured, unit, most, least, *(peer or ()))
        with Path(place).open("a", encoding="utf-8") as file:
            file.write(json.dumps(asdict(figure), ensure_ascii=False) + "\n")


def stated(place: Path) -> list[Figure]:
    """Return the figures that were added to *place*."""
    written = place.read_text(encoding="utf-8") if place.exists() else ""
    return [Figure(**json.loads(line)) for line in written.splitlines()]


@contextmanager
def parts_of_tests() -> Iterator[None]:
    """Say that something is lacking where the tests' own servers would skip a test for it."""
    try:
        yield
    except pytest.skip.Exception as missing:
        raise Lacking(str(missing)) from missing
