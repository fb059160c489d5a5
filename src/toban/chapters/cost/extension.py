"""The extension of chapter 11: bills, budgets, and the measures that save."""

from toban.chapters.cost.acts import ACTS
from toban.chapters.cost.bill import BILL_KINDS, BILLS
from toban.chapters.cost.bindings import COMMITMENTS, COSTS, LIFECYCLES, OFF_HOURS
from toban.chapters.cost.own_budgets.bindings import AWS_BUDGETS
from toban.chapters.cost.proposals import open_tables
from toban.design.clauses.cost import Budget, CostMeasure
from toban.engine.drift.setting import COMPARED_SETTINGS
from toban.engine.extension import Extension, Link, RowKind, Scope, always
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.message import Message

_BILLS = "toban.chapters.cost.bills"
_PAGE = Link("cost", Message("cost.page"))


def _page(_row: Budget | CostMeasure) -> Link:
    return _PAGE


def _is_shown(row: CostMeasure) -> bool:
    return row.purpose is not None


EXTENSION = Extension(
    name="cost",
    manual="costs.md",
    rows=(
        RowKind(Budget, is_measured=True, link=_page, raises_alerts=always),
        RowKind(CostMeasure, is_measured=True, link=_page, raises_alerts=_is_shown),
    ),
    tables=(BILLS, COSTS, COMMITMENTS, OFF_HOURS, LIFECYCLES, AWS_BUDGETS),
    points=(BILL_KINDS,),
    kinds={
        "bills": {
            "focus": f"{_BILLS}.focus",
            "csv": f"{_BILLS}.csv",
            "cost-explorer": f"{_BILLS}.cost_explorer",
        }
    },
    proposals=open_tables,
    operation="toban.chapters.cost.operation",
    offers={
        REPORT_SECTIONS: "toban.chapters.cost.rows.monthly:section",
        COMPARED_SETTINGS: "toban.chapters.cost.own_budgets.settings:settings",
    },
    apps=("toban.chapters.cost",),
    pages="toban.faces.web.cost.urls",
    folded=(_PAGE,),
    api="toban.faces.api.cost.routes",
    scopes=(Scope("read:costs", Message("cost.scope-read")),),
    acts=ACTS,
    commands={"cost": Command("toban.faces.cli.cost.cost", Message("commands.cost"))},
)
