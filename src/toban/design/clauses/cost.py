"""Chapter 11, コスト管理: budgets and savings."""

import re
from dataclasses import dataclass
from enum import StrEnum
from functools import partial
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.sentence import refuse_description
from toban.design.shapes.shape import (
    Ambiguous,
    Cells,
    ChapterShapes,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    read_value,
    words,
)
from toban.design.values.money import BudgetAlert, Money, read_budget_alert, read_money
from toban.design.values.schedule import Schedule, read_schedule
from toban.message import Message


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
    """Whether it is the total that includes the other rows (全体)."""


class MeasurePurpose(StrEnum):
    """What a measure does to spend less."""

    FEWER = "fewer"
    """Fewer instances when few are needed."""
    COMMITMENT = "commitment"
    """Bought for a term, at a lower price."""
    LIFECYCLE = "lifecycle"
    """What is old moves to where it costs less, or is deleted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CostMeasure(Clause):
    """A continuing measure to spend less."""

    chapter: ClassVar[Chapter] = Chapter.COST
    kind: ClassVar[str] = "cost-measure"

    name: str
    content: str

    @property
    def purpose(self) -> MeasurePurpose | None:
        """What it does; None if its words name nothing that is known."""
        return next((purpose for purpose, words in _PURPOSES.items() if words.search(self._said)), None)

    @property
    def spares_nights(self) -> bool:
        """Whether its words name the night (夜間), or all time outside the office's hours."""
        return _NIGHTS.search(self._said) is not None

    @property
    def spares_days_off(self) -> bool:
        """Whether its words name days off (休日), or all time outside the office's hours."""
        return _DAYS_OFF.search(self._said) is not None

    @property
    def states_hours(self) -> bool:
        """Whether its words draw the line elsewhere than night and days off do: 22時-6時, 深夜, 平日夜間."""
        return _OWN_HOURS.search(self._said) is not None

    @property
    def states_size(self) -> bool:
        """Whether its words say how many are left, otherwise than 最小: 2台, 半分, 停止."""
        return _OWN_SIZE.search(self._said) is not None

    @property
    def _said(self) -> str:
        return normalise(f"{self.name} {self.content}")


_PURPOSES = {
    MeasurePurpose.COMMITMENT: words(
        r"リザーブド|予約(?:購入|インスタンス)|savings ?plans?|\breserv(?:ed|ations?)\b"
        r"|committed use|\bcommitments?\b"
    ),
    MeasurePurpose.LIFECYCLE: words(r"ライフサイクル|glacier|アーカイブ|\blifecycle\b|\barchiv\w+"),
    MeasurePurpose.FEWER: words(
        r"auto ?scaling|縮小|最小の?台数|夜間|休日|\boff-?hours\b|\bscal(?:e|ing) (?:in|down)\b"
    ),
}
"""Words of measures, the most telling first."""
_OUTSIDE = (
    r"(?:業務|営業|勤務|就業)時間外|時間外|\boff-?hours\b|\boutside (?:office|business|working) hours\b"
)
_NIGHTS = words(rf"夜|\b(?:over)?nights?(?:ly)?\b|{_OUTSIDE}")
_DAYS_OFF = words(rf"休日|週末|土日|祝日|\bweek-?ends?\b|\bholidays?\b|{_OUTSIDE}")
_OWN_HOURS = words(
    r"\d ?(?::\d|時|[ap]m\b)|深夜|早朝|夜勤|平日|営業日|以外|除[くき]|繁忙|ピーク"
    r"|\b(?:except|weekdays?|business days?|late|early|midnight|peak)\b"
)
_OWN_SIZE = words(
    r"\d ?(?:台|個|つ|本|%|割|分の|インスタンス|ノード|instances?\b|nodes?\b|pods?\b|replicas?\b|servers?\b)"
    r"|半[分数]|ゼロ|停止|全台|\b(?:half|zero|stop\w*|shut\w*|(?<!days )off)\b(?!-)"
)
_CURRENCY = words("万円|千円|円|usd|jpy|eur")
_MONTHLY = re.compile(
    r"月(?:額|間)?\s*(?P<amount>[^、,月で]+(?:,\d{3}[^、,で]*)*)(?:[、,]\s*(?P<alert>.+?)(?:で|を超えたら)(?:警告|アラート|通知))?"
)
_A_MONTH = re.compile(
    r"(?P<amount>\D?[\d,.]+(?: ?[A-Z]{3})?) ?(?:/|per |a )month"
    r"(?:[,;] ?(?:alert|warn)s? (?:at|above) (?P<alert>.+))?"
)
_TOTAL = words(r"全体|合計|総額|総計|総コスト|\btotal\b|\boverall\b")


def _budget(cells: Cells) -> Budget:
    # With 月額予算: … and アラート: … on separate lines, the budget is that of the whole system.
    item = cells.required("item") if cells.has("item") else cells.headed(cells.labels["monthly"])
    return Budget(
        **cells.stamp(Budget, item),
        item=item,
        monthly=cells.read(
            "monthly", partial(_amount, unit=cells.labels["monthly"]), Message("design.expected-amount")
        ),
        alert=cells.maybe("alert", read_budget_alert, Message("design.expected-alert-amount")),
        check=cells.maybe("check", read_schedule, Message("design.expected-check-frequency")),
        is_total=not cells.has("item") or _TOTAL.search(normalise(item)) is not None,
    )


def _amount(text: str, unit: str) -> Money | None:
    """Read an amount whose currency is in the cell or in the column's heading: 月額予算（円）."""
    currency = _CURRENCY.search(normalise(unit))
    return read_money(text) or (read_money(text + currency.group()) if currency else None)


def _budget_entry(entry: PlacedEntry) -> Budget:
    return Budget(
        **entry.stamp(Budget, entry.key),
        item=entry.key,
        monthly=entry.read(read_money, Message("design.expected-amount")),
        alert=None,
        check=None,
        is_total=True,
    )


def _spent(entry: PlacedEntry) -> Budget:
    """Read an entry such as AWS: 月20万円、25万円で警告."""
    said = _MONTHLY.fullmatch(entry.value) or _A_MONTH.fullmatch(entry.value)
    alert = said["alert"] if said else None
    if said is None or not entry.key or not (alert or _is_planned(entry)):
        raise NotUnderstood(Message("design.not-a-monthly-budget"))
    entry.take(entry.value)
    return Budget(
        **entry.stamp(Budget, entry.key),
        item=entry.key,
        monthly=read_value(
            said["amount"], read_money, label=entry.key, expected=Message("design.expected-amount")
        ),
        alert=read_value(
            alert, read_budget_alert, label=entry.key, expected=Message("design.expected-alert-amount")
        )
        if alert
        else None,
        check=None,
        is_total=_TOTAL.search(normalise(entry.key)) is not None,
    )


def _is_planned(entry: PlacedEntry) -> bool:
    """Say whether the amount is one to keep: below コスト alone it may be what was spent."""
    return any(_BUDGET.search(said) for said in (normalise(entry.key), *entry.section.words))


def _measure(entry: PlacedEntry) -> CostMeasure:
    refuse_description(entry.sentence)
    if entry.checked is not None:
        raise NotUnderstood(Message("design.measure-to-be-taken"))
    if not _RESOURCE.search(normalise(entry.sentence)):
        raise Ambiguous(Message("design.measure-of-no-resource"))
    name = entry.key or entry.sentence
    return CostMeasure(**entry.stamp(CostMeasure, name), name=name, content=entry.value if entry.key else "")


_BUDGET = words("予算|上限|budget|limit")
_RESOURCE = words(
    "サーバー?|インスタンス|クラウド|ストレージ|ディスク|データ|環境|台数|リソース|スケール|スケーリング|リザーブド|スポット|ライフサイクル"
    "|ログ|バックアップ|スナップショット|キャッシュ|転送|通信量|クエリ|バッチ|ジョブ|関数|コンテナ|トークン|モデル|監視|停止|ライセンス"
    r"|\b(?:servers?|instances?|cloud|storage|disks?|data\w*|environments?|resources?|(?:auto-?)?scal\w+|reserved|spot|lifecycle|replicas?"
    r"|logs?|backups?|snapshots?|cach\w+|cdn|transfer|bandwidth|quer\w+|jobs?|functions?|containers?|tokens?|models?|licen[cs]es?"
    r"|compute|clusters?|nodes?|pods?|terraform|apis?|gpus?|cpus?|s3|ec2|rds|lambda)(?![a-z])"
    r"|[a-z]_[a-z]"
)
"""What a system costs money for: a measure that names none of it may be one of the business."""
_COST = words("コスト|費用|予算|cost|budget|finops")

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            Budget,
            _budget,
            headings=_COST,
            columns={
                "item": words(
                    "項目|サービス(?:名)?|対象|リソース|費目|カテゴリ|区分|環境|item|service|category|resource"
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
        TableShape(
            Budget,
            _budget,
            headings=_COST,
            columns={
                "monthly": words("(?:月額|月間|月次)予算(?:額)?|monthlybudget"),
                "alert": words("アラート(?:しきい値|閾値|基準)?|警告(?:基準)?|alert(?:at|threshold)?"),
                "check": words("確認頻度|review"),
            },
            needs=("monthly",),
            record="monthly alert check",
            record_only=True,
        ),
    ),
    entries=(
        EntryShape(
            Budget, _budget_entry, headings=_COST, key=words("(?:月次|月額|月間)予算(?:額)?|monthly budget")
        ),
        EntryShape(Budget, _spent, headings=_COST),
        EntryShape(
            CostMeasure,
            _measure,
            headings=words("(?:コスト|費用)の?(?:最適化|削減)|cost (?:optimi[sz]ation|reduction|saving)"),
            within=3,
        ),
    ),
)
