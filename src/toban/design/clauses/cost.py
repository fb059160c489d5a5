"""Chapter 11, コスト管理: budgets and savings."""

from dataclasses import dataclass
from functools import partial
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.clauses.shape import Cells, ChapterShapes, Entry, EntryShape, TableShape, words
from toban.design.section import normalise
from toban.design.values.money import BudgetAlert, Money, read_budget_alert, read_money
from toban.design.values.schedule import Schedule, read_schedule


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget(Clause):
    """A monthly budget and the spending that raises an alert."""

    chapter: ClassVar[Chapter] = Chapter.COST
    kind: ClassVar[str] = "budget"

    item: str
    monthly: Money | None
    alert: BudgetAlert | None
    check: Schedule | None
    is_total: bool
    """Whether it is the sum the other rows are part of (全体)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostMeasure(Clause):
    """A standing way to spend less."""

    chapter: ClassVar[Chapter] = Chapter.COST
    kind: ClassVar[str] = "cost-measure"

    name: str
    content: str


_CURRENCY = words("万円|千円|円|usd|jpy|eur")
_TOTAL = words(r"全体|合計|総額|総計|総コスト|\btotal\b|\boverall\b")


def _budget(cells: Cells) -> Budget:
    item = cells.required("item")
    return Budget(
        **cells.stamp(Budget, item),
        item=item,
        monthly=cells.read("monthly", partial(_amount, unit=cells.labels["monthly"]), "金額"),
        alert=cells.maybe("alert", read_budget_alert, "アラートの金額"),
        check=cells.maybe("check", read_schedule, "確認の頻度"),
        is_total=_TOTAL.search(normalise(item)) is not None,
    )


def _amount(text: str, unit: str) -> Money | None:
    """An amount whose currency stands in the cell or in the column's heading: 月額予算（円）."""
    currency = _CURRENCY.search(normalise(unit))
    return read_money(text) or (read_money(text + currency.group()) if currency else None)


def _budget_entry(entry: Entry) -> Budget:
    return Budget(
        **entry.stamp(Budget, entry.key),
        item=entry.key,
        monthly=entry.read(read_money, "金額"),
        alert=None,
        check=None,
        is_total=True,
    )


def _measure(entry: Entry) -> CostMeasure:
    name = entry.key or entry.sentence
    return CostMeasure(**entry.stamp(CostMeasure, name), name=name, content=entry.value if entry.key else "")


_COST = words("コスト|費用|予算|cost|budget|finops")

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            Budget,
            _budget,
            headings=_COST,
            columns={
                "item": words(
                    "項目|サービス(?:名)?|対象|リソース|費目|カテゴリ|区分|item|service|category|resource"
                ),
                "monthly": words("(?:月額|月間|月次|月)?予算(?:額)?|月額\\(予算\\)|(?:monthly)?budget"),
                "alert": words(
                    "(?:アラート|警告)?(?:しきい値|閾値|基準|条件|額)|アラート|alert(?:threshold|at)?|threshold"
                ),
                "check": words("確認頻度|頻度|確認周期|監視頻度|確認|check|frequency|review"),
                "note": words("備考|説明|内容|notes?"),
            },
            needs=("item", "monthly"),
            telling=("item monthly alert",),
        ),
    ),
    entries=(
        EntryShape(
            Budget, _budget_entry, headings=_COST, key=words("(?:月次|月額|月間)予算(?:額)?|monthly budget")
        ),
        EntryShape(
            CostMeasure,
            _measure,
            headings=words("(?:コスト|費用)の?(?:最適化|削減)|cost (?:optimi[sz]ation|reduction|saving)"),
            within=3,
        ),
    ),
)
