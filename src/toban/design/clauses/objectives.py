"""Chapter 1, 運用方針: targets, service hours, planned maintenance."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.backup import RecoveryObjective, recovery_objective
from toban.design.clauses.base import Clause
from toban.design.clauses.duty import DutyRole, duty_hours
from toban.design.section import heading_text, normalise
from toban.design.shapes.limits import as_target, is_told, read_limit, settled
from toban.design.shapes.measure import Tendency, fits, is_time, tendency
from toban.design.shapes.objective_name import objective_named
from toban.design.shapes.shape import (
    Ambiguous,
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
from toban.design.values.duration import Duration, read_duration, read_within
from toban.design.values.hours import Hours, read_hours
from toban.design.values.metric import Metric, read_metric
from toban.design.values.schedule import Schedule, join_schedule
from toban.design.values.severity import read_incident_severity
from toban.design.values.statistic import read_statistic
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
_STOPS = words(
    r".*(?:計画停止|計画メンテ(?:ナンス)?|定期メンテ(?:ナンス)?)(?:時間(?:帯)?|日時?|枠|ウィンドウ)?"
    r"|.*\bplanned (?:maintenance|downtime)(?: windows?)?"
)
_SERVICE_HOURS = words(
    "(?:サービス)?(?:稼働|提供|運用|利用|サービス)(?:可能)?時間(?:帯)?|(?:service|operating|business) hours"
)
_DESK = words("デスク|窓口|サポート|当番|受付|問い?合わせ|コールセンター|desk|support|on-?call|call cent")
_SERVED = words(
    r"オンライン|サービス|システム|業務|サイト|アプリ|全体|service|system|site|\bapp|\bapi\b|online"
)
_STATISTIC = words(r"\s*\((?P<name>p\d\d|\d+\s?(?:パーセンタイル|%ile|%タイル))\)$")
_IN_BRACKETS = re.compile(r"\s*[(（]([^()（）]*)[)）]$")
_UNIT = words("%|ms|ミリ秒|秒|分|時間|s|sec|min|件/秒|rps|tps")
_NUMBER = words(r"[\d.,]+")
_QUALITY = words(
    "可用性|性能(?:効率性)?|信頼性|保守性|運用性?|拡張性|セキュリティ|品質|障害対応|サポート|バックアップ|パフォーマンス|応答性能?"
    "|availability|performance|reliability|security|support|quality|operations?|capacity|latency|errors?"
)
"""What a column of groups holds when it says what a figure is for, and not what it is of."""
_NAMES_NO_ITEM = words(
    "目標(?:値)?|最[低小大]値?|下限|上限|約束|エラーバジェット"
    "|targets?|goals?|objectives?|commitments?|min(?:imum)?|max(?:imum)?|sl[aio]s?|error budgets?"
)
"""Keys that say which figure it is, but not of what."""
_PERCENTILE = words(r"p\d{2}(?:\.\d)?(?: \(median\))?|median|average|mean|平均|中央値")
_OF_AN_ALERT = words(
    "アラート|警告|異常|緊急|.*(?:閾値|しきい値)|チケット|tickets?|alerts?|warnings?|critical|page|alarms?|.*\\bthresholds?"
)
_SERVICE_LEVEL = re.compile(
    r"運用目標|サービスレベル|応答時間|\bsl[aio]s?\b|可用性|性能|パフォーマンス|非機能|レスポンス"
    r"|service level|availab|performance|reliab"
)


def _objective(cells: Cells) -> Built:
    """Read a row; beside its target (SLO) it may promise a second level (SLA)."""
    name = cells.first("name", "subject")
    if not name:
        raise NotUnderstood(Message("design.objective-without-item"))
    subject = (cells["subject"] or cells.headed("")) if cells["name"] else ""
    if _QUALITY.fullmatch(normalise(subject)):
        cells.take("subject")
        subject = ""
    role = "target" if cells["target"] else "guarantee"
    keys = (subject, cells["method"], name)
    first = _target(cells.place, keys, _figure(cells, role if cells.has(role) else "target"), cells["period"])
    if isinstance(first, RecoveryObjective):
        cells.take("name")
    elif not isinstance(first, Objective):
        cells.take_words(_IN_BRACKETS.sub("", name))
    if role == "guarantee" or not (cells["guarantee"] and isinstance(first, Objective)):
        return first
    promised = _IN_BRACKETS.sub("", normalise(cells.labels["guarantee"])).upper()
    return first, _level(cells.place, keys, _figure(cells, "guarantee"), cells["period"], promised)


def _figure(cells: Cells, role: str) -> str:
    """Return the cell with what columns add: the unit of 目標値（ms）, p95 of SLO（p95） or P95 目標 …"""
    text = cells.required(role)
    cells.take(role)
    in_brackets = _IN_BRACKETS.search(normalise(cells.labels[role]))
    remark = in_brackets[1] if in_brackets else ""
    if _UNIT.fullmatch(remark) and _NUMBER.fullmatch(normalise(text)):
        return text + remark
    if read_statistic(text)[0] is not None:
        return text
    if read_statistic(remark)[0] is not None:
        return f"{remark} {text}"
    if of_column := _percentile(_AIMED_AT.sub("", normalise(cells.labels[role]))):
        return f"{of_column} {text}"
    is_named = read_statistic(cells.first("name", "subject"))[0] is not None
    return text if is_named else f"{_percentile(cells['measured'])} {text}".strip()


_AIMED_AT = words("目標(?:値)?|targets?")


def _percentile(text: str) -> str:
    """Return the only percentile in *text*: p95 of 95パーセンタイル（サーバー側）."""
    found, rest = read_statistic(text)
    is_only = found is not None and found.percentile and read_statistic(rest)[0] is None
    return f"p{found.percentile}" if found and is_only else ""


def _objective_entry(entry: PlacedEntry) -> Built:
    if not entry.key or _NAMES_NO_ITEM.fullmatch(normalise(entry.key)):
        return _aimed_at(entry)
    if _OF_AN_ALERT.fullmatch(normalise(entry.key)):
        raise Ambiguous(Message("design.level-is-no-item", words=entry.key))
    if _BY_PEOPLE.search(normalise(entry.key)):
        raise NotUnderstood(Message("design.unknown-objective", words=entry.key))
    if read_incident_severity(entry.section.caption.partition(":")[0]):
        raise Ambiguous(Message("design.level-is-no-item", words=entry.section.caption))
    heading = entry.section.heading
    name = _IN_BRACKETS.sub("", heading_text(heading))
    is_of_heading = _PERCENTILE.fullmatch(normalise(entry.key)) and read_metric(name)
    keys = (name, entry.key) if is_of_heading else (entry.key,)
    built = _target(entry.place, keys, entry.value, "")
    entry.take(entry.value)
    # A setting looks the same: TCP keepalive: 300 seconds.
    if isinstance(built, Objective) and not is_told(built.target, entry.key, entry.section.words[-1]):
        raise Ambiguous(
            Message("design.target-without-direction", words=entry.key, target=built.target.limit)
        )
    return built


def _aimed_at(entry: PlacedEntry) -> Built:
    """Read Target: 99.9% below a heading that names the measure: API availability."""
    name = _IN_BRACKETS.sub("", heading_text(entry.section.heading))
    is_aim = _AIM.fullmatch(normalise(entry.key)) is not None
    if not is_aim or entry.section.caption or read_metric(name) is None:
        raise NotUnderstood(Message("design.objective-without-item"))
    entry.take()
    return _target(entry.place, (name,), entry.value, "")


_AIM = words("target|objective|slo(?: target)?|目標(?:値)?")


def _is_a_level(entry: PlacedEntry) -> bool:
    """Say whether it names a measure and the side of a figure that is good: エラー率: 1%以下."""
    figure = read_limit(entry.value)
    if figure is None or figure.is_bare:
        return False
    is_time_kept = is_time(figure.limit) and figure.comparison in (Comparison.AT_MOST, Comparison.BELOW)
    return is_time_kept or tendency(entry.key, figure.limit) in (Tendency.RISES, Tendency.FALLS)


def _target(place: ClausePlace, keys: tuple[str, ...], text: str, period: str) -> Clause:
    name = " ".join(key for key in keys if key)
    if objective_named(keys[-1])[0]:
        return recovery_objective(place, keys[-1], text, " ".join(key for key in keys[:-1] if key))
    if _STOPS.fullmatch(_IN_BRACKETS.sub("", normalise(name)).strip()):
        schedule = read_value(text, _stop, label=name, expected=Message("design.expected-maintenance-time"))
        return MaintenanceWindow(**place.stamp(MaintenanceWindow, *keys), schedule=schedule)
    if _SERVICE_HOURS.fullmatch(normalise(keys[-1])):
        hours = read_value(text, duty_hours, label=name, expected=Message("design.expected-service-hours"))
        return ServiceHours(**place.stamp(ServiceHours, *keys), hours=hours)
    return _level(place, keys, text, period)


def _level(
    place: ClausePlace, keys: tuple[str, ...], text: str, period: str, promised: str = ""
) -> Objective:
    """Read a service level; *promised* tells it from the aim in the same row."""
    name = " ".join(key for key in keys if key)
    own = _STATISTIC.search(normalise(name))
    metric = read_metric(normalise(name)[: own.start()] if own else name)
    if metric is None and place.section.nearness(_SERVICE_LEVEL) < 2:
        raise NotUnderstood(Message("design.unknown-objective", words=name))
    allowed, counted, rest = _split_downtime(_REMARK.sub("", text))
    span = _COUNTED.search(normalise(rest)) if read_limit(rest) is None else None
    if span is not None:
        counted, rest = span.group(1), normalise(rest)[: span.start()]
    figure = read_value(rest, read_limit, label=name, expected=Message("design.expected-target"))
    if metric is not None and _BY_PEOPLE.search(normalise(figure.subject)):
        raise NotUnderstood(Message("design.unknown-objective", words=f"{name}: {figure.subject}"))
    if _DEFINES.search(normalise(figure.subject)):
        raise Ambiguous(Message("design.no-service-level", words=f"{name}: {figure.subject}"))
    target = as_target(figure, keys[-1], place)
    settled(metric, None, target)
    statistic = own["name"] if own else "" if read_statistic(name)[0] else _percentile_above(place, target)
    return Objective(
        **place.stamp(Objective, *keys, promised),
        name=f"{name} ({promised})" if promised else name,
        metric=metric if metric is not None and fits(metric, target.limit) else None,
        target=replace(target, subject=target.subject or statistic),
        allowed_downtime=allowed,
        period=period or counted or _first(_PERIOD, name),
    )


_DEFINES = words(r"\bstatus\b|ステータス|状態|コード|\bcodes?\b")
"""What a request is counted by, which is no level of a service: successful: HTTP status < 500."""
_BY_PEOPLE = words(r"(?:初期|初動|一次)?対応$|初動|着手|受付|返信|\b(?:first|initial) response|acknowledg")
"""Whose time it is that no monitor measures: 応答時間: 初期対応15分以内."""


def _percentile_above(place: ClausePlace, target: Threshold) -> str:
    """Return the percentile that a heading gives for the times below it: 応答時間（95パーセンタイル）."""
    if not is_time(target.limit):
        return ""
    named = (read_statistic(heading)[0] for heading in reversed(place.section.words))
    return next((f"p{each.percentile}" for each in named if each and each.percentile), "")


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
    written = found.group(2).strip()
    allowed = read_within(written) or read_duration(written)
    if allowed is None or allowed.is_business:
        # The budget of a service that runs around the clock is not in business days.
        return None, "", text
    rest = normalise(text)[: found.start()] + normalise(text)[found.end() :]
    return allowed, found.group(1) or "", rest.strip()


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
    cells.take("name", "hours")
    # 平日 | 7:00〜23:00: the days have a column of their own.
    hours = read_hours(f"{name} {text}")
    if hours is not None:
        return ServiceHours(**cells.stamp(ServiceHours, name), hours=hours)
    return _offered(cells.place, name, text)


def _offered_entry(entry: PlacedEntry) -> Clause:
    entry.take(entry.value)
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
_WINDOWS = words(
    r"メンテナンス(?:ウィンドウ|枠|時間帯)|\bmaintenance windows?\b"
    r"|^(?:scheduled|planned|regular) maintenance$"
)
# What a report shows was measured, or is a sample.
_REPORT = r"(?:レポート|報告書?|\breports?)(?:\s*\(.*\))?:?$"

_NOT_ALWAYS = (
    r"状態$|重視|サイジング|見積|想定|前提|試算|\b(?:sizing|estimates?|assumptions?)\b"
    r"|\b(?:healthy|unhealthy|normal|degraded|warning|critical) (?:state|status|range)$"
    r"|\b(?:during|while) (?:an? |the )?(?:rollback|migration|failover|incident|maintenance|outage|deploy)"
    "|(?:ロールバック|移行|切り?替え?|障害|縮退|メンテナンス|フェイルオーバー)(?:中|時)の"
)
"""Headings of what shows a state (緊急対応が必要な状態), is assumed for a size, or aimed at for a while."""

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            Objective,
            _objective,
            headings=_TARGETS,
            avoid=words(
                f"ビジネス|学習|マーケ|売上|business|marketing|移行|フェーズ|{_NOT_ALWAYS}|{_REPORT}"
            ),
            columns={
                "name": words(
                    "(?:sla|slo|kpi|評価)?(?:項目|指標)(?:名)?|指標名|メトリクス(?:名)?|metric|sli(?:\\(指標\\))?|要件|目標項目|kpi|item|objective|indicator"
                ),
                "target": words(
                    "目標(?:値)?|目標(?:応答|処理|レスポンス)?時間|p\\d\\d(?:目標(?:値)?|target)|slo(?:\\(目標\\)|目標値(?:\\(月間\\))?)?|要件値|要求値|目標水準|基準値|target|objective|goal|slotarget"
                ),
                "guarantee": words(
                    "sla(?:\\(最低保証\\)|保証値)?|目標\\(sla\\)|slatarget|上限値|最大許容(?:値|時間)"
                ),
                "subject": words(
                    "サービス(?:名)?|対象|エンドポイント|システム|業務|機能|区分|分類|カテゴリー?|画面|操作|処理(?:名)?|環境|コンポーネント|メトリクス区分"
                    "|service|endpoint|operation|route|system|component|feature|environment|category|area"
                ),
                "method": words("メソッド|method"),
                "period": words("(?:測定|対象|集計|評価)?期間|period|window"),
                "measured": words(
                    "測定(?:方法|値)?|統計(?:値|量)?|集計(?:方法)?|measur(?:e|ement)|statistic|aggregation|percentile"
                ),
                "note": words(
                    "測定ツール|計測方法|計算方法|備考|優先度|現状|実現方法|改善アクション|アクション|報告頻度|測定頻度|違反時対応|実績(?:値)?|達成(?:率|状況)"
                    "|notes?|status|current(?:performance)?|how"
                ),
            },
            needs=("name|subject", "target|guarantee"),
            inert=("measured",),
        ),
        TableShape(
            Objective,
            _objective,
            headings=_TARGETS,
            avoid=words(
                f"ビジネス|学習|マーケ|売上|business|marketing|移行|フェーズ|{_NOT_ALWAYS}|{_REPORT}"
            ),
            columns={
                "name": words("slo|sli|指標|項目|objective"),
                "target": words("target|目標(?:値)?|slo目標|goal"),
                "period": words("(?:測定|計測|対象)?期間|(?:measurement)?(?:window|period)"),
                "measured": words("(?:測定|計測)方法|measure(?:ment|dby)?"),
                "note": words("重要度|アラート(?:閾値|条件)?|備考|severity|alert(?:threshold)?|notes?"),
            },
            needs=("name", "target"),
            telling=("name target measured",),
            inert=("measured",),
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
        EntryShape(MaintenanceWindow, _maintenance, headings=_WINDOWS, key=words(".+"), within=3),
        EntryShape(
            Objective,
            _objective_entry,
            headings=_TARGETS,
            avoid=words(f"ビジネス|学習|マーケ|business|効率|{_NOT_ALWAYS}|{_REPORT}"),
            is_formed=_is_a_level,
        ),
    ),
)
