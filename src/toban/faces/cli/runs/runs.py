"""`toban runs`: what has run, runs and waits."""

from collections.abc import Iterator, Sequence

import click
from django.conf import settings

from toban.engine.clock import system_clock
from toban.engine.runs.models import PlannedWork, Run
from toban.engine.runs.output.written import whole_log
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.faces.cli.state import usable_state
from toban.faces.terminal import refuse, say, speak_utf8
from toban.faces.values.runs import run_values
from toban.faces.words.runs import because, standing
from toban.message import NOTHING, Message, message_of
from toban.text import printable_json

_UNKNOWN = 1


@click.command("runs")
@click.option("--work", metavar="BATCH", help="Only the runs of this batch.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, show_default=True)
@click.option("--log", "log", type=int, metavar="RUN", help="Print what this run wrote, instead of a list.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(work: str | None, limit: int, log: int | None, form: str) -> None:
    """List runs, the latest due time first; those under way with their step and progress.

    With --log, print what a run wrote.

    \b
    Exit status:
      0  listed
      1  no such run
      2  the state database can't be read
    """
    speak_utf8()
    with usable_state():
        if log is not None:
            _print_log(log)
            return
        runs = Run.objects.order_by("-due_at", "-pk")
        found = list((runs.filter(work=work) if work else runs)[:limit])
        if form == "json":
            say(printable_json([run_values(run) for run in found], indent=2))
            return
        say("\n".join(lines(found)) or Message("runs.none-yet"))


def _print_log(run_id: int) -> None:
    run = Run.objects.filter(pk=run_id).first()
    if run is None:
        refuse(Message("runs.no-such-run", run=run_id), Message("runs.list-shows-numbers"))
        raise SystemExit(_UNKNOWN)
    url = settings.TELEMETRY_URL
    try:
        for line in whole_log(run, Telemetry(url) if url else None):
            say(line.text)
    except StoreUnavailable as exc:
        for line in whole_log(run, None):
            say(line.text)
        refuse(Message("runs.rest-unreadable", why=message_of(exc)), Message("runs.check-telemetry-or-page"))


def progress(run: Run) -> str:
    """Return the current step and its progress, as text; empty if nothing is running."""
    if run.state != "running" or not run.step:
        return ""
    percent = f"{run.progress_percent:.0f}%" if run.progress_percent is not None else ""
    return " ".join(part for part in (run.step, percent, str(run.progress_text)) if part)


def lines(runs: Sequence[Run]) -> Iterator[str]:
    """Yield each of *runs* in one line."""
    works = PlannedWork.objects.in_bulk({run.work for run in runs})
    return (line(run, works.get(run.work)) for run in runs)


def line(run: Run, work: PlannedWork | None) -> str:
    """Return the run and the reason for its state in one line, with times in this machine's zone."""
    has_taken = (run.ended_at - run.began_at).total_seconds() if run.began_at and run.ended_at else None
    took = Message("runs.seconds", seconds=has_taken) if has_taken is not None else NOTHING
    stands, why = standing(run), because(run, work, system_clock())
    parts = [
        f"{run.pk:>6}", run.work, f"{run.due_at.astimezone():%Y-%m-%d %H:%M}", f"{stands.mark} {stands.word}",
        str(took), "" if why == stands.word else why, progress(run) or str(run.note),
    ]  # fmt: skip
    return "  ".join(filter(None, parts))
