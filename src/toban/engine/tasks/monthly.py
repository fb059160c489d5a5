"""Routine work in the monthly report: what people performed and signed off, and what they did not."""

from toban.engine.reports.runs import run_figures, runs_table, troubled
from toban.engine.reports.section import ReportOccasion, ReportPart, ReportSection
from toban.engine.runs.models import PlannedWork
from toban.message import Message


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the tasks that were due in the month."""
    tasks = PlannedWork.objects.filter(is_task=True)
    raw = runs_table("tasks", Message("reports.table-tasks"), tasks, occasion)
    missed = troubled(raw, "tasks-not-done", Message("reports.table-tasks-not-done"))
    return ReportSection(ReportPart.ROUTINE, run_figures(raw, "tasks"), (missed, raw))
