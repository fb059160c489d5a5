"""Patches in the monthly report: the runs, and what was done on which host."""

from collections.abc import Iterator

from toban.chapters.patching.models import PatchedHost
from toban.chapters.patching.operation import OPERATION
from toban.chapters.patching.upgrade import Stage
from toban.engine.reports.formula import CountOf, Formula, total
from toban.engine.reports.runs import run_figures, runs_table
from toban.engine.reports.section import (
    RawColumn,
    RawTable,
    ReportFigure,
    ReportOccasion,
    ReportPart,
    ReportSection,
)
from toban.engine.runs.models import PlannedWork
from toban.message import Message, Value

_WELL, _OPEN = "well", "open"
_STATES = {each: Message(f"patching.monthly-host-{each}") for each in (_WELL, _OPEN)}
_STAGES = {each.value: Message(f"patching.monthly-{each.value}") for each in Stage}


def section(occasion: ReportOccasion) -> ReportSection:
    """Return the runs of patches that were due in the month, and the hosts on which they began."""
    orders = occasion.edition.plan(OPERATION).orders
    if not orders:
        return ReportSection(ReportPart.SECURITY)
    works = PlannedWork.objects.filter(key__in=[each.key for each in orders])
    runs = runs_table("patches", Message("patching.monthly-table-runs"), works, occasion)
    hosts = RawTable(
        "patched-hosts", Message("patching.monthly-table-hosts"), _COLUMNS, tuple(_rows(occasion))
    )
    return ReportSection(
        ReportPart.SECURITY, (*run_figures(runs, "patches"), *_figures(hosts)), (hosts, runs)
    )


_COLUMNS = (
    RawColumn("run", Message("reports.column-run")),
    RawColumn("host", Message("patching.monthly-host")),
    RawColumn("group", Message("patching.monthly-group")),
    RawColumn("stage", Message("patching.monthly-stage"), _STAGES),
    RawColumn("packages", Message("patching.monthly-packages")),
    RawColumn("began", Message("reports.column-began")),
    RawColumn("upgraded", Message("patching.monthly-upgraded")),
    RawColumn("back", Message("patching.monthly-back")),
    RawColumn("state", Message("reports.column-state"), _STATES),
)


def _rows(occasion: ReportOccasion) -> Iterator[tuple[Value, ...]]:
    month, local = occasion.month, occasion.local
    begun = PatchedHost.objects.filter(began_at__gte=month.span[0], began_at__lt=month.cut)
    for each in begun.order_by("began_at", "pk"):
        is_well = each.healthy_at is not None
        yield (
            each.run, each.host, each.group, each.stage, len(each.plan.get("upgrades", ())),
            local(each.began_at), local(each.upgraded_at), local(each.back_at), _WELL if is_well else _OPEN,
        )  # fmt: skip


def _figures(hosts: RawTable) -> Iterator[ReportFigure]:
    formulas: dict[str, Formula] = {
        "hosts-well": CountOf("state", _WELL),
        "hosts-open": CountOf("state", _OPEN),
        "packages": total("packages"),
    }
    for key, formula in formulas.items():
        label = Message(f"patching.monthly-figure-{key}")
        yield ReportFigure(key=f"patches-{key}", label=label, table=hosts, formula=formula)
