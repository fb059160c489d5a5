"""Chapter 1, 運用方針: targets, service hours, planned maintenance."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.backup import objective_named, recovery_objective
from toban.design.clauses.base import Clause
from toban.design.clauses.duty import DutyRole, duty_hours
from toban.design.section import normalise
from toban.design.shapes.limits import read_limit, settled
from toban.design.shapes.shape import (
    Built,
    Cells,
    ChapterShapes,
    ClausePlace,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    read_value,
    words,
)
from toban.design.shapes.timing import read_when
from toban.design.values.duration import Duration, TimeUnit, read_duration, read_within
from toban.design.values.hours import Hours, read_hours
from toban.design.values.metric import Metric, read_metric
from toban.design.values.schedule import Schedule, join_schedule
from toban.design.values.threshold import Comparison, Threshold
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Objective(Clause):
    """A target that the service must meet (稼働率 99.9%)."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "objective"

    name: str
    metric: Metric | None
    target: Threshold
    allowed_downtime: Duration | None = None
    """Written next to an availability target: 年間ダウンタイム8.76時間以内."""
    period: str = ""
    """年間, 月間: the period over which the target or the downtime is counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceHours(Clause):
    """稼働時間: when the service must be up."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "service-hours"

    hours: Hours


@dataclass(frozen=True, slots=True, kw_only=True)
class MaintenanceWindow(Clause):
    """計画メンテナンス: when it may be down."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "maintenance-window"

    schedule: Schedule


_DOWNTIME = re.compile(
    r"[(,、]?\s*(年間|月間|週間|月|年|annual|monthly|yearly)?の?\s*(?:許容|最大)?(?:ダウンタイム|停止時間|downtime)(?:は|:)?\s*約?\s*([^),、]+)\)?"
)
# A remark on what counts is not part of the figures; the lint rules read it in the row's text.
_COUNTS = r"(?:計画(?:メンテナンス|停止)(?:の?時間)?[はを]?(?:除く|含む|含まない)|excluding planned \w+)"
_REMARK = re.compile(rf"[(（]\s*{_COUNTS}\s*[)）]|[、,]\s*{_COUNTS}|{_COUNTS}[、,]\s*", re.IGNORECASE)
_COUNTED = words(r"\s*[(/]?\s*(月間|年間|月|年|monthly|yearly|annually|per (?:month|year)|month|year)\)?$")
_PERIOD = words(r"年間|月間|週間|四半期|\b(?:annual|yearly|monthly|weekly|quarterly)\b")
_HIGHER_IS_BETTER = re.compile(
    r"率|可用|稼働|成功|スループット|同時|availab|uptime|success|throughput|hit|satisf|\bsla\b"
)
_LOWER_IS_BETTER = re.compile(
    r"エラー|失敗|時間|遅延|レスポンス|離脱|使用率|error|fail|latency|time|delay|lag|usage"
)
_STOPS = re.compile(r"計画停止|計画メンテ|定期メンテ|planned (?:maintenance|downtime)")
_SERVICE_HOURS = words(
    "(?:サービス)?(?:稼働|提供|運用|利用|サービス)(?:可能)?時間(?:帯)?|(?:service|operating|business) hours"
)
_DESK = words("デスク|窓口|サポート|当番|受付|問い?合わせ|コールセンター|desk|support|on-?call|call cent")
_SERVED = words(
    r"オンライン|サービス|システム|業務|サイト|アプリ|全体|service|system|site|\bapp|\bapi\b|online"
)
_STATISTIC = words(r"\s*\((?P<name>p\d\d|\d+\s?(?:パーセンタイル|%ile|%タイル))\)$")
_TIME_UNITS = frozenset(unit.value for unit in TimeUnit)
_TIME_UP = words("稼働時間|連続稼働|平均故障間隔|uptime|mtbf")
_SERVICE_LEVEL = re.compile(
    r"運用目標|サービスレベル|\bsl[aio]s?\b|可用性|性能|パフォーマンス|非機能|レスポンス"
    r"|service level|availab|performance|reliab"
)


def _objective(cells: Cells) -> Built:
    name = cells.first("name", "subject")
    if not name:
        raise NotUnderstood(Message("design.objective-without-item"))
    role = "target" if cells["target"] else "guarantee"
    text = cells.required(role if cells.has(role) else "target")
    subject = cells["subject"] if cells["name"] else ""
    return _target(cells.place, (subject, cells["method"], name), text, cells["period"])


def _objective_entry(entry: PlacedEntry) -> Built:
    if not entry.key:
        raise NotUnderstood(Message("design.objective-without-item"))
    return _target(entry.place, (entry.key,), entry.value, "")


def _target(place: ClausePlace, keys: tuple[str, ...], text: str, period: str) -> Built:
    name = " ".join(key for key in keys if key)
    if objective_named(keys[-1])[0]:
        return recovery_objective(place, keys[-1], text, " ".join(key for key in keys[:-1] if key))
    if _STOPS.search(normalise(name)):
        schedule = read_value(text, _stop, label=name, expected=Message("design.expected-maintenance-time"))
        return MaintenanceWindow(**place.stamp(MaintenanceWindow, *keys), schedule=schedule)
    if _SERVICE_HOURS.fullmatch(normalise(keys[-1])):
        hours = read_value(text, duty_hours, label=name, expected=Message("design.expected-service-hours"))
        return ServiceHours(**place.stamp(ServiceHours, *keys), hours=hours)
    statistic = _STATISTIC.search(normalise(name))
    metric = read_metric(normalise(name)[: statistic.start()] if statistic else name)
    if metric is None and place.section.nearness(_SERVICE_LEVEL) < 2:
        raise NotUnderstood(Message("design.unknown-objective", words=name))
    allowed, counted, rest = _split_downtime(_REMARK.sub("", text))
    span = _COUNTED.search(normalise(rest)) if read_limit(rest) is None else None
    if span is not None:
        counted, rest = span.group(1), normalise(rest)[: span.start()]
    target = _better(
        name, read_value(rest, read_limit, label=name, expected=Message("design.expected-target"))
    )
    settled(metric, None, target)
    if statistic is not None and not target.subject:
        target = replace(target, subject=statistic["name"])
    return Objective(
        **place.stamp(Objective, *keys),
        name=name,
        metric=metric,
        target=target,
        allowed_downtime=allowed,
        period=period or counted or _first(_PERIOD, name),
    )


def _stop(text: str) -> Schedule | None:
    """Read 月1回・深夜2:00〜3:00・1時間以内, where frequency and time are separate parts."""
    whole = read_when(text)
    parts = text.split("・")
    return whole or (join_schedule(parts[0], parts[1]) if len(parts) > 1 else None)


def _split_downtime(text: str) -> tuple[Duration | None, str, str]:
    """Split 99.9% (年間ダウンタイム8.76時間以内) into the downtime, its period, and the text without it."""
    found = _DOWNTIME.search(normalise(text))
    if found is None:
        return None, "", text
    allowed = read_within(found.group(2).strip()) or read_duration(found.group(2).strip())
    rest = normalise(text)[: found.start()] + normalise(text)[found.end() :]
    return allowed, found.group(1) or "", rest.strip()


def _better(name: str, target: Threshold) -> Threshold:
    """Give a bare target its direction: at most 500ms of response time, at least 99.9% availability."""
    if not target.is_bare:
        return target
    words_of_it = normalise(name)
    is_time = target.limit.unit in _TIME_UNITS
    falls = (is_time or _LOWER_IS_BETTER.search(words_of_it) is not None) and not _TIME_UP.search(words_of_it)
    if not falls and not _HIGHER_IS_BETTER.search(words_of_it):
        return target
    return replace(target, comparison=Comparison.AT_MOST if falls else Comparison.AT_LEAST)


def _first(pattern: re.Pattern[str], text: str) -> str:
    found = pattern.search(normalise(text))
    return found.group() if found else ""


def _service_hours(entry: PlacedEntry) -> ServiceHours:
    return ServiceHours(
        **entry.stamp(ServiceHours, entry.key),
        hours=entry.read(read_hours, Message("design.expected-service-hours")),
    )


def _offered(place: ClausePlace, name: str, text: str) -> Clause:
    """Read オンライン業務 | 24時間365日 as hours of the service, or of the people responsible for it."""
    named = normalise(name)
    if not (_DESK.search(named) or _SERVED.search(named)):
        raise NotUnderstood(Message("design.service-or-duty", words=name))
    hours = read_value(text, duty_hours, label=name, expected=Message("design.expected-service-hours"))
    if _DESK.search(named) is None:
        return ServiceHours(**place.stamp(ServiceHours, name), hours=hours)
    return DutyRole(**place.stamp(DutyRole, name), role=name, holder="", is_placeholder=False, hours=hours)


def _offered_row(cells: Cells) -> Clause:
    name, text = cells.required("name"), cells.required("hours")
    # 平日 | 7:00〜23:00: the days have a column of their own.
    hours = read_hours(f"{name} {text}")
    if hours is not None:
        return ServiceHours(**cells.stamp(ServiceHours, name), hours=hours)
    return _offered(cells.place, name, text)


def _offered_entry(entry: PlacedEntry) -> Clause:
    return _offered(entry.place, entry.key, entry.value)


def _maintenance(entry: PlacedEntry) -> MaintenanceWindow:
    return MaintenanceWindow(
        **entry.stamp(MaintenanceWindow, entry.key),
        schedule=entry.read(_stop, Message("design.expected-maintenance-time")),
    )


_TARGETS = words(
    r"目標|サービスレベル|\bsl[aio]s?\b|可用性|性能|非機能|\bkpi\b|パフォーマンス指標|performance"
    r"|availability|objective|targets?\b|service level"
)
_OFFERED = words("(?:提供|サービス|稼働|運用|利用|営業|受付)時間|service hours|support hours")

_HOURS = words(
    "サービス|提供|稼働|運用時間|メンテナンス|可用性|運用方針|service|maintenance|operating|availability"
)

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            Objective,
            _objective,
            headings=_TARGETS,
            avoid=words("ビジネス|学習|マーケ|売上|business|marketing|移行|フェーズ"),
            columns={
                "name": words(
                    "(?:sla|slo|kpi|評価)?(?:項目|指標)(?:名)?|指標名|メトリクス(?:名)?|metric|sli(?:\\(指標\\))?|要件|目標項目|kpi|item|objective|indicator"
                ),
                "target": words(
                    "目標(?:値)?|slo(?:\\(目標\\)|目標値(?:\\(月間\\))?)?|要件値|要求値|目標水準|基準値|target|objective|goal|slotarget"
                ),
                "guarantee": words("sla(?:\\(最低保証\\)|保証値)?|目標\\(sla\\)|上限値|slatarget"),
                "subject": words(
                    "サービス(?:名)?|対象|エンドポイント|システム|メトリクス区分|service|endpoint|system"
                ),
                "method": words("メソッド|method"),
                "period": words("(?:測定|対象|集計|評価)?期間|period|window"),
                "note": words(
                    "測定(?:方法|ツール)|計測方法|計算方法|備考|優先度|現状|実現方法|改善アクション|アクション|報告頻度|測定頻度|違反時対応|実績(?:値)?|達成(?:率|状況)"
                    "|notes?|measurement|status|current(?:performance)?|how"
                ),
            },
            needs=("name|subject", "target|guarantee"),
        ),
        TableShape(
            ServiceHours,
            _offered_row,
            headings=_OFFERED,
            columns={
                "name": words(
                    "区分|曜日|日|対象|サービス(?:名)?|システム|業務|窓口|項目|service|system|item|name"
                ),
                "hours": words(_SERVICE_HOURS.pattern + "|受付時間|時間(?:帯)?|hours"),
                "note": words("備考|notes?"),
            },
            needs=("name", "hours"),
        ),
    ),
    entries=(
        EntryShape(
            ServiceHours,
            _service_hours,
            headings=_HOURS,
            key=words(_SERVICE_HOURS.pattern + "|availability"),
        ),
        EntryShape(
            Objective,
            _objective_entry,
            headings=_HOURS,
            key=words("(?:月間|年間|サービス|システム)*(?:稼働率|可用性)|(?:service )?availability|uptime"),
        ),
        EntryShape(ServiceHours, _offered_entry, headings=_OFFERED, key=words(".+"), within=3),
        EntryShape(
            MaintenanceWindow,
            _maintenance,
            headings=_HOURS,
            key=words(
                "(?:計画|定期)?メンテナンス(?:時間(?:帯)?|ウィンドウ|枠)?|計画停止(?:時間)?"
                "|(?:planned |scheduled )?maintenance(?: window)?"
            ),
        ),
        EntryShape(
            Objective,
            _objective_entry,
            headings=_TARGETS,
            avoid=words("ビジネス|学習|マーケ|business|効率"),
        ),
    ),
)
