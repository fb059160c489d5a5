"""A run as JSON values, with times in UTC: on the terminal and in the API."""

from toban.engine.runs.models import Run


def run_values(run: Run) -> dict[str, object]:
    """Return the run as JSON values, with times in UTC."""
    return {
        "run": run.pk,
        "work": run.work,
        "due_at": run.due_at.isoformat(),
        "state": run.state,
        "reason": run.reason,
        "note": run.note.as_output(),
        "ordered_by": run.ordered_by,
        "parameters": run.parameters,
        "failures": run.failures,
        "began_at": run.began_at.isoformat() if run.began_at else None,
        "ended_at": run.ended_at.isoformat() if run.ended_at else None,
        "wake_at": run.wake_at.isoformat(),
        "step": run.step,
        "progress_percent": run.progress_percent,
        "progress_text": run.progress_text.as_output(),
    }
