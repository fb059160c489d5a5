"""Chapter 1, 運用方針: targets, duty roles, service hours, planned maintenance."""

import re
from dataclasses import dataclass, replace
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.backup import RecoveryObjective, objective_named
from toban.design.clauses.base import Clause
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
from toban.design.values.people import ChannelRef, is_placeholder, read_channels
from toban.design.values.rotation import Rotation, read_rotation
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
class DutyRole(Clause):
    """Who answers in which hours."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "duty-role"

    role: str
    holder: str
    """The name or number as written."""
    is_placeholder: bool
    hours: Hours | None
    channels: tuple[ChannelRef, ...] = ()
    duties: str = ""
    """責務: what the role is responsible for."""
    rotation: Rotation | None = None
    """Set if `holder` names people who take turns (田中、中村 (週替わり))."""


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
_WORKING_WEEK = re.compile(r"\b(?:mon(?:day)?s?\s*(?:-|–|to)\s*fri(?:day)?s?|weekdays)\b[,:]?", re.IGNORECASE)
_COUNTED = words(r"\s*[(/]?\s*(月間|年間|月|年|monthly|yearly|annually|per (?:month|year)|month|year)\)?$")
_ADDRESS = words(r"\w@\w|\d{2,4}-[\dx]{2,4}-[\dx]{3,4}|pagerduty|slack")
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
    objective = objective_named(keys[-1])
    if objective:
        within = read_value(
            text,
            lambda cell: read_within(cell) or read_duration(cell),
            label=name,
            expected=Message("design.expected-period"),
        )
        return RecoveryObjective(
            **place.stamp(RecoveryObjective, objective), objective=objective, subject="", limit=within
        )
    if _STOPS.search(normalise(name)):
        schedule = read_value(text, _stop, label=name, expected=Message("design.expected-maintenance-time"))
        return MaintenanceWindow(**place.stamp(MaintenanceWindow, *keys), schedule=schedule)
    if _SERVICE_HOURS.fullmatch(normalise(keys[-1])):
        hours = read_value(text, _hours, label=name, expected=Message("design.expected-service-hours"))
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


def _role(cells: Cells) -> DutyRole:
    role = cells.first("role", "level")
    if not role:
        raise NotUnderstood(Message("design.role-is-empty"))
    if cells.has("frequency") and not any(map(cells.has, ("holder", "contact", "hours"))):
        raise NotUnderstood(Message("design.tasks-not-roles"))
    holder = cells.first("holder", "contact")
    rotation = read_rotation(holder)
    return DutyRole(
        **cells.stamp(
            DutyRole, role, cells["holder"] if cells.has("contact") else "", assumptions=_taken(rotation)
        ),
        role=role,
        rotation=rotation,
        holder=holder,
        is_placeholder=bool(holder) and is_placeholder(holder),
        hours=cells.maybe("hours", _hours, Message("design.expected-duty-hours")),
        channels=(
            *(read_channels(cells.first("contact", "holder")) or ()),
            *(read_channels(cells["contact_too"]) or ()),
        ),
        duties=cells["duties"],
    )


def _taken(rotation: Rotation | None) -> tuple[Message, ...]:
    """Say which handover was assumed if the document names none."""
    if rotation is None or not rotation.is_assumed:
        return ()
    return (
        Message(
            f"design.assumed-{rotation.handover.cadence}-handover",
            people=rotation.people,
            time=f"{rotation.handover.at:%H:%M}",
        ),
    )


def _hours(text: str) -> Hours | None:
    """Read the hours of a week; Mon-Fri is 平日."""
    return read_hours(text) or read_hours(_WORKING_WEEK.sub("平日", text))


def _reached(entry: PlacedEntry) -> DutyRole:
    """Read 当番: duty@example.com under 連絡先; a contact channel (Slack: #ops) is not a role."""
    reach = normalise(entry.value)
    if (
        not entry.key
        or read_channels(entry.key)
        or not (_ADDRESS.search(reach) or read_channels(entry.value))
    ):
        raise NotUnderstood(Message("design.not-a-role-with-contact"))
    return DutyRole(
        **entry.stamp(DutyRole, entry.key),
        role=entry.key,
        holder=entry.value,
        is_placeholder=is_placeholder(entry.value),
        hours=None,
        channels=read_channels(entry.value) or (),
    )


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
    hours = read_value(text, _hours, label=name, expected=Message("design.expected-service-hours"))
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


def _on_duty(entry: PlacedEntry) -> DutyRole:
    """Read 当番: 田中、中村（週替わり）24時間365日 below 体制: hours, contact channels and who."""
    pieces = [piece.strip() for piece in _DUTY_PIECES.split(entry.value) if piece.strip()]
    found = [(piece, hours) for piece in pieces if (hours := _hours(piece)) is not None]
    channels = read_channels(entry.value) or tuple(
        channel for piece in pieces for channel in read_channels(piece) or ()
    )
    if not entry.key or len(found) > 1 or not (found or channels):
        raise NotUnderstood(Message("design.not-a-role-with-holder"))
    others = [piece for piece in pieces if not found or piece != found[0][0]]
    holder = "、".join([piece for piece in others if not read_channels(piece)] or others)
    rotation = read_rotation(holder)
    return DutyRole(
        **entry.stamp(DutyRole, entry.key, assumptions=_taken(rotation)),
        role=entry.key,
        rotation=rotation,
        holder=holder,
        is_placeholder=bool(holder) and is_placeholder(holder),
        hours=found[0][1] if found else None,
        channels=channels,
    )


def _maintenance(entry: PlacedEntry) -> MaintenanceWindow:
    return MaintenanceWindow(
        **entry.stamp(MaintenanceWindow, entry.key),
        schedule=entry.read(_stop, Message("design.expected-maintenance-time")),
    )


_TARGETS = words(
    r"目標|サービスレベル|\bsl[aio]s?\b|可用性|性能|非機能|\bkpi\b|パフォーマンス指標|performance"
    r"|availability|objective|targets?\b|service level"
)
_DUTY_PIECES = re.compile(r"[、,]\s*|(?<=[)）])\s*|\s+(?=\d{2,4}-\d{2,4}-\d{3,4})")
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
            DutyRole,
            _role,
            headings=words(
                "体制|連絡|担当|役割|オンコール|問い?合わせ|窓口|エスカレーション|contacts?|\\bteam\\b|on-?call|escalation|responsib|roles?\\b"
            ),
            avoid=words("承認|検印|改訂|履歴|ペルソナ|\\biam\\b|コンポーネント|権限"),
            columns={
                "role": words(
                    "役割(?:名)?|ロール|担当区分|部署|部門|所属|区分|立場|チーム|組織|role|team|position|function"
                ),
                "level": words("レベル|level|tier"),
                "holder": words(
                    "担当(?:者|者名|チーム)?|氏名|名前|要員|name|who|person|assignee|owner|holder|primary"
                ),
                "contact": words(
                    "連絡(?:先|手段|方法)|電話(?:番号)?|メール(?:アドレス)?|contact(?:info(?:rmation)?)?|phone|e?mail|channel"
                ),
                "contact_too": words(
                    "連絡(?:先|手段|方法)|電話(?:番号)?|メール(?:アドレス)?|slack|chat|contact|phone|e?mail"
                ),
                "hours": words("(?:対応|対応可能|勤務|稼働|受付)時間(?:帯)?|hours|availability|coverage"),
                "duties": words(
                    "(?:主な)?(?:責務|責任(?:範囲)?|業務(?:内容)?)|担当(?:範囲|業務)|役割内容|内容|responsibilit(?:y|ies)|duties"
                ),
                "frequency": words("頻度|周期|frequency"),
                "note": words("備考|人数|escalation|notes?|エスカレーション"),
            },
            needs=("role|level", "holder|contact|hours|duties"),
            telling=("role holder hours", "role holder contact", "role contact hours"),
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
            DutyRole,
            _on_duty,
            headings=words("体制|当番|オンコール|on-?call|duty"),
            avoid=words("フロー|手順|ルール|対応|引き?継ぎ|flow|rule|process|procedure|handover"),
            within=3,
        ),
        EntryShape(DutyRole, _reached, headings=words("連絡先|連絡網|問い?合わせ先|contacts?\\b"), within=3),
        EntryShape(
            ServiceHours, _service_hours, headings=_HOURS, key=words(_SERVICE_HOURS.pattern + "|availability")
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
