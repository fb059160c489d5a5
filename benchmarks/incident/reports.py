"""How long a report takes to draft, and a page of a long timeline to read.

`python -m benchmarks.incident.reports`
Only the state database takes part; a telemetry store that does not answer costs the draft nothing but the
time of one refused connection. What a store costs stands in `benchmarks/telemetry.py`.
"""

import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import click
from benchmarks.figures import state

METHOD = """Method: one incident with {alerts} alerts, each opened, acknowledged and resolved, and a timeline
of {lines:,} lines, in SQLite on this machine. A draft reads everything, records the figures in the evidence
and stores the report; nothing is typed. A page is {page} lines after a place; every page is read, {rounds}
times. Milliseconds."""
ALERTS, LINES, PAGE, ROUNDS = 200, 5_000, 100, 5


@click.command(help=__doc__)
def main() -> None:
    with tempfile.TemporaryDirectory() as home:
        _prepare(Path(home))
        from benchmarks.incident.stage import (  # noqa: PLC0415 - its tables need Django ready
            build,
            draft,
            gather,
            pages,
            paper,
        )

        incident = build(ALERTS, LINES)
        click.echo(METHOD.format(alerts=ALERTS, lines=LINES, page=PAGE, rounds=ROUNDS))
        _show("draft", _timed(lambda: draft(incident), ROUNDS))
        _show("PDF", _timed(lambda: paper(incident), ROUNDS))
        _show("gathering that finds nothing new", _timed(lambda: gather(incident), ROUNDS))
        _show("page of the timeline", [each for _ in range(ROUNDS) for each in pages(incident, PAGE)])


def _prepare(home: Path) -> None:
    os.environ |= {
        "TOBAN_HOME": str(home),
        "TOBAN_LANGUAGE": "ja",
        "DJANGO_SETTINGS_MODULE": "toban.settings",
    }
    import django  # noqa: PLC0415 - its settings are read from the environment
    from django.core.management import call_command  # noqa: PLC0415

    django.setup()
    call_command("migrate", verbosity=0)


def _timed(act: Callable[[], object], rounds: int) -> list[float]:
    took = []
    for _ in range(rounds):
        began = time.perf_counter()
        act()
        took.append((time.perf_counter() - began) * 1000)
    return took


def _show(what: str, took: list[float]) -> None:
    ordered = sorted(took)
    p95 = ordered[max(int(len(ordered) * 0.95) - 1, 0)]
    click.echo(f"{what}: median {statistics.median(took):.1f}, p95 {p95:.1f}, worst {ordered[-1]:.1f}")
    state(f"{what}, p95", p95, "ms")


if __name__ == "__main__":
    main()
