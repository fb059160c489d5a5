"""Chapter 9, キャパシティ管理: usage, forecast, scaling."""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import date
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.clauses.routine import DEED
from toban.design.section import normalise
from toban.design.shapes.limits import compared, read_limit
from toban.design.shapes.sentence import refuse_description, schedule_within
from toban.design.shapes.shape import (
    Ambiguous,
    Cells,
    ChapterShapes,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    words,
)
from toban.design.values.normal import plain
from toban.design.values.quantity import Quantity, read_quantity
from toban.design.values.remark import rest_of
from toban.design.values.schedule import Schedule
from toban.design.values.threshold import Threshold
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceUsage(Clause):
    """A resource: what is used, what is available, and when it is extended."""

    chapter: ClassVar[Chapter] = Chapter.CAPACITY
    kind: ClassVar[str] = "resource-usage"

    resource: str
    used: Quantity | None
    limit: Quantity | None
    utilisation: Quantity | None
    extend_at: Threshold | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CapacityReview(Clause):
    """How use is reviewed and forecast."""

    chapter: ClassVar[Chapter] = Chapter.CAPACITY
    kind: ClassVar[str] = "capacity-review"

    content: str
    schedule: Schedule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class ScalingRule(Clause):
    """What triggers scaling, and what is done."""

    chapter: ClassVar[Chapter] = Chapter.CAPACITY
    kind: ClassVar[str] = "scaling-rule"

    trigger: Threshold | None
    trigger_text: str
    action: str
    step: int
    """How many instances the action adds at a time; 1 if it does not say."""
    timing: str
    is_automatic: bool


_REACHED = {"ja": "到達予測", "en": "reached by"}
_FORECAST = re.compile(rf"\s*[(（](?:{'|'.join(_REACHED.values())}) \d{{4}}-\d{{2}}[)）]")
_AUTOMATIC = words(r"(?:完全)?自動(?!化|では)|オートスケ|\bauto")
_BY_HAND = words(r"半自動|手動|\b(?:manual|semi)")
_STEP = re.compile(r"(\d{1,4}) ?(?:台|インスタンス|ノード|instances?|nodes?|servers?|pods?)", re.IGNORECASE)
_BEFORE = r"(?:(?<![^\W\d])|(?<=と)|(?<=び))"
"""No letter, or the end of と, 及び, および."""
_AFTER = r"(?=$|\W|\d|追加|増|を|の|が|と|及び|および)"
_SHARE = re.compile(r"\d+(?:\.\d+)?\s*%")
_OTHER_WAY = words(r"以下|未満|下回|<|≤|\b(?:below|under|less|falls?|drops?)\b")
_AIMED = re.compile(
    r"を?(?:目安|到達|超過?|超え(?:た|る)?(?:ら|場合|とき|時)?|以上|達し(?:た|たら)|(?:した|する)?(?:場合|時点|時|とき))"
    r"|\b(?:reached|exceeded|used|or more|usage|utili[sz]ation)\b",
    re.IGNORECASE,
)
_VERB = re.compile(
    r"\s*\b(?:(?:is|drops?|falls?|rises?|goes)\b.*|exceeds?|reaches|hits|above|below|over|under)$",
    re.IGNORECASE,
)
_LASTINGLY = re.compile(
    r"(?:持続的|継続的|恒常的|慢性的)に\s*|常時\s*|\b(?:constantly|consistently|sustained)\s+", re.IGNORECASE
)


def names_group(row: ScalingRule, group: str) -> bool:
    """Return whether the action of *row* is about *group*: Webサーバー/APIサーバー1台追加.

    The whole word counts: a group API is none of APIサーバー.
    """
    name = r"\s*".join(map(re.escape, _folded(group).split()))
    return bool(name) and re.search(rf"{_BEFORE}{name}{_AFTER}", _folded(row.action)) is not None


def with_forecast(plan: str, on: date | None, language: str) -> str:
    """Return the words of a row's *plan*, with the month in which its share is reached behind them.

    The reader passes over the month, and a new one takes its place. None: it is not forecast any more.
    """
    own = _FORECAST.sub("", plan)
    return own if on is None else f"{own} ({_REACHED[language]} {on:%Y-%m})"


def _folded(text: str) -> str:
    return unicodedata.normalize("NFKC", text).casefold()


def _usage(cells: Cells) -> ResourceUsage:
    resource = cells.required("resource")
    # What is forecast is no part of the limit.
    extend = _FORECAST.sub("", cells["extend"])
    extend_at = _limit_in(extend) if extend else None
    if extend_at is not None:
        cells.take("extend")
    limit = cells.read("limit", read_quantity, Message("design.expected-quantity"))
    used = cells.maybe("used", read_quantity, Message("design.expected-quantity"))
    utilisation = cells.maybe("utilisation", read_quantity, Message("design.expected-share"))
    usage = cells.maybe("usage", read_quantity, Message("design.expected-quantity"))
    if usage is not None and _is_share(usage, limit):
        utilisation = utilisation or usage
    else:
        used = used or usage
    if used is not None and _is_share(used, limit):
        used, utilisation = None, utilisation or used
    return ResourceUsage(
        **cells.stamp(ResourceUsage, resource),
        resource=resource,
        used=used,
        limit=limit,
        utilisation=utilisation,
        # 次回拡張予定 may hold a date or a plan in prose; only a utilisation can be watched.
        extend_at=extend_at,
    )


def _is_share(quantity: Quantity, limit: Quantity) -> bool:
    """Say whether *quantity* is a share (30%) of a limit that is not one itself (40TB)."""
    return quantity.unit == "%" != limit.unit


def _limit_in(text: str) -> Threshold | None:
    """Return the limit named in a phrase such as 使用率70%到達時, or its only share: 70%を目安に."""
    bare = _LASTINGLY.sub("", plain(text))
    whole = read_limit(bare)
    shares = list(_SHARE.finditer(bare))
    if whole is None and len(shares) == 1 and not _OTHER_WAY.search(bare.lower()):
        end = shares[0].end()
        whole = None if rest_of(_AIMED.sub(" ", bare[end:]), ()) else read_limit(bare[:end])
    if whole is None:
        return None
    return replace(compared(whole, whole.subject), subject=_VERB.sub("", whole.subject).strip())


def _scaling(cells: Cells) -> ScalingRule:
    condition, action, timing = cells.required("trigger"), cells.required("action"), cells["timing"]
    trigger = _limit_in(condition)
    subject = cells["subject"]
    if trigger is not None and not (subject or trigger.subject):
        raise NotUnderstood(Message("design.limit-of-nothing", words=cells.headed(condition)))
    if trigger is not None:
        trigger = replace(trigger, subject=" ".join(part for part in (subject, trigger.subject) if part))
    way = normalise(timing)
    return ScalingRule(
        **cells.stamp(ScalingRule, subject, condition),
        trigger=trigger,
        trigger_text=f"{subject} {condition}".strip(),
        action=action,
        step=_step(action),
        timing=timing,
        is_automatic=_AUTOMATIC.search(way) is not None and _BY_HAND.search(way) is None,
    )


def _step(action: str) -> int:
    found = _STEP.search(plain(action))
    return max(int(found[1]), 1) if found else 1


def _review(entry: PlacedEntry) -> CapacityReview:
    schedule = schedule_within(entry.sentence)
    # コスト最適化: 未使用リソースの特定 names an aim of planning, not a review.
    if schedule is None and entry.key:
        raise Ambiguous(Message("design.no-time-in-row-or-heading"))
    refuse_description(entry.sentence)
    if schedule is None and not DEED.search(normalise(entry.sentence)):
        raise Ambiguous(Message("design.no-time-in-row-or-heading"))
    return CapacityReview(
        **entry.stamp(CapacityReview, entry.sentence), content=entry.sentence, schedule=schedule
    )


_CAPACITY = words("キャパシティ|容量|リソース|スケール|スケーリング|capacity|resource|sizing")

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            ResourceUsage,
            _usage,
            headings=_CAPACITY,
            columns={
                "resource": words(
                    "リソース(?:名)?|対象|項目|資源|サービス|コンポーネント|resource|component|service|環境"
                ),
                "used": words(
                    "現在(?:の?使用量|値|量)?|現状(?:予測|値)?|使用量|current(?:usage)?|used|inuse|now"
                ),
                "limit": words(
                    "上限(?:値)?|最大(?:値|容量|構成)?|容量|割当量|limit|max(?:imum)?|quota|capacity"
                ),
                "utilisation": words("使用率|利用率|utili[sz]ation"),
                "usage": words("usage"),
                "extend": words(
                    "(?:次回)?拡張(?:予定|時期|条件|基準)|アクション基準|対応基準|extendat|expan(?:sion|d(?:when|at))|nextaction"
                ),
                "note": words("目標|備考|target|notes?"),
            },
            needs=("resource", "limit", "used|usage"),
            inert=("extend",),
            telling=("resource used limit utilisation",),
        ),
        TableShape(
            ScalingRule,
            _scaling,
            headings=words("スケール|スケーリング|scaling|拡張|増強"),
            columns={
                "subject": words(
                    "(?:監視)?(?:指標|項目|対象|メトリクス|kpi)(?:名)?|リソース(?:名)?|metric|indicator|resource|target|service|component"
                ),
                "trigger": words(
                    "トリガー|条件|契機|発動条件|しきい値|閾値|trigger|condition|threshold|when"
                ),
                "action": words("アクション|対応|動作|処理|内容|action"),
                "timing": words("タイミング|方式|実施方法|方法|自動/手動|timing|mode"),
                "note": words("備考|notes?"),
            },
            needs=("trigger", "action"),
        ),
    ),
    entries=(
        EntryShape(
            CapacityReview,
            _review,
            headings=words(
                "(?:キャパシティ|容量|リソース)の?(?:予測|計画|レビュー|プランニング|見直し)"
                "|capacity (?:planning|forecast|review)"
            ),
            # What is done after an incident is done once.
            avoid=words(r"事後|(?:障害|インシデント|対応)後|\bpost-|\bafter\b"),
            within=3,
        ),
    ),
)
