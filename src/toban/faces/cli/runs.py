"""`toban runs`: what has run, runs and waits."""

import json
from typing import TYPE_CHECKING

import click

from toban.faces.cli.state import opened_state
from toban.faces.cli.terminal import say, speak_utf8

if TYPE_CHECKING:
    from toban.engine.runs.models import Run


@click.command("runs", short_help="List the runs of batches (バッチの実行の一覧).")
@click.option("--work", metavar="BATCH", help="Only the runs of this batch.")
@click.option("--limit", type=click.IntRange(1, 10_000), default=30, show_default=True)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
def command(work: str | None, limit: int, form: str) -> None:
    """List runs, the latest due time first.

    予定の時刻の新しい順に、実行を示します。

    \b
    Exit status:
      0  listed
      2  the state database can't be read
    """
    speak_utf8()
    with opened_state():
        from toban.engine.runs.models import Run  # noqa: PLC0415

        runs = Run.objects.order_by("-due_at", "-pk")
        found = list((runs.filter(work=work) if work else runs)[:limit])
    if form == "json":
        say(json.dumps([as_json(run) for run in found], ensure_ascii=False, indent=2))
    else:
        say("\n".join(line(run) for run in found) or "まだ実行がありません")


def line(run: "Run") -> str:
    """Return the run in one line, its due time on this machine's clock."""
    from toban.faces.run_words import standing  # noqa: PLC0415

    took = f"{(run.ended_at - run.began_at).total_seconds():.1f}秒" if run.began_at and run.ended_at else ""
    stands = f"{standing(run).mark} {standing(run).word}"
    parts = [f"{run.pk:>6}", run.work, f"{run.due_at.astimezone():%Y-%m-%d %H:%M}", stands, took]
    return "  ".join([*parts, run.reason, run.note]).rstrip()


def as_json(run: "Run") -> dict[str, object]:
    """Return the run for machines, times in UTC."""
    return {
        "run": run.pk,
        "work": run.work,
        "due_at": run.due_at.isoformat(),
        "state": run.state,
        "reason": run.reason,
        "note": run.note,
        "ordered_by": run.ordered_by,
        "failures": run.failures,
        "began_at": run.began_at.isoformat() if run.began_at else None,
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "wake_at": run.wake_at.isoformat(),
    }
