"""Batches in the monthly report: what ran, what failed, and what did not run."""

from toban.design.clauses.batch import Batch
from toban.engine.reports.runs import run_figures, runs_table, troubled
from toban.engine.reports.section import ReportOccasion, ReportPart, ReportSection
from toban.engine.runs.models import PlannedWork
from toban.message import Message

_ROWS = f"{Batch.chapter.value}/{Batch.kind}/"
"""How the ids of the rows begin."""


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the runs of batches that were due in the month."""
    works = PlannedWork.objects.filter(clause_id__startswith=_ROWS)
    raw = runs_table("batches", Message("reports.table-batches"), works, occasion, is_listed=False)
    trouble = troubled(raw, "batches-not-done", Message("reports.table-batches-not-done"))
    return ReportSection(ReportPart.BATCHES, run_figures(raw, "batches"), (trouble, raw))
