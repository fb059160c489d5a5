"""Following a run: its lines, and its step and progress when they change."""

import time

from toban.engine.clock import system_clock
from toban.engine.runs.models import PlannedWork, Run
from toban.faces.cli.runs.runs import line, progress
from toban.faces.terminal import say
from toban.faces.words.runs import because

_LOOK = 0.5
"""Seconds between two looks."""


def follow(run: Run) -> bool:
    """Print what *run* writes until it has ended, and say whether it ended well."""
    work = PlannedWork.objects.filter(key=run.work).first()
    seen, shown = 0, ""
    while True:
        run.refresh_from_db()
        has_ended = run.ended_at is not None
        # Read after the state: once the run has ended, its last lines are there.
        for pk, text in run.log.filter(pk__gt=seen).order_by("pk").values_list("pk", "text"):
            say(f"  | {text}")
            seen = pk
        if has_ended:
            say(line(run, work))
            return run.state == "done"
        now = progress(run) or f"{because(run, work, system_clock())} {run.note}".rstrip()
        if now != shown:
            shown = now
            say(f"... {now}")
        time.sleep(_LOOK)
