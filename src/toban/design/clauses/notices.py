"""Chapter 2, アラート通知: the notification matrix, as a table or as a list."""

import re
from dataclasses import dataclass
from typing import ClassVar

from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.shape import (
    Cells,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    read_value,
    unreadable,
    words,
)
from toban.design.values.delivery import AT_ONCE, DeliveryTiming, read_delivery
from toban.design.values.people import (
    ChannelRef,
    Recipient,
    read_channels,
    read_noted_channels,
    read_recipients,
    read_ways,
    ways_within,
)
from toban.design.values.severity import (
    AlertLevel,
    IncidentSeverity,
    is_alert_scale,
    read_alert_level,
    read_incident_severity,
)
from toban.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class NotificationRule(Clause):
    """One row of the notification matrix: who is notified of a level, how, and how soon."""

    chapter: ClassVar[Chapter] = Chapter.MONITORING
    kind: ClassVar[str] = "notification-rule"

    level: AlertLevel | IncidentSeverity
    level_name: str
    recipients: tuple[Recipient, ...]
    channels: tuple[ChannelRef, ...]
    timing: str
    """即時, 5分継続後 as written."""
    delivery: DeliveryTiming = AT_ONCE
    """When the notification leaves."""
    response: str = ""
    """対応時間: how soon people respond, as written. It delays no notification."""


_TIMING = re.compile(r"\s*[(（](?P<timing>[^()（）]+(?:[(（][^()（）]+[)）])?)[)）]\s*$")
_TIMES = re.compile(
    r"\d\s*(?:分|時|秒|:\d\d|min|hour)|営業|業務時間|平日|まとめ|ダイジェスト|継続|digest|business hours"
)
_EXPECTED = Message("design.expected-delivery-timing")
_ABOUT_NOTICES = words("通知|アラート|連絡|alert|notif")
_OTHER_NOTICES = words(
    "(?:顧客|お客様?|客|利用者|ユーザー?|会員|患者|宿泊者|入居者|取引先)(?:様|さま)?(?:へ|向け|宛て?|対応)?の?"
    "(?:通知|連絡|案内|告知|報告|メール|周知|お知らせ)"
    r"|\b(?:customer|client|user|guest|patient|member|public|external)s? "
    r"(?:communication|notification|notice|e?mail|message|announcement)"
    r"|抑止|抑制|除外|suppress|\bmut(?:e|ing)\b|silenc"
)
_ESCALATION = words("エスカレーション先?|escalation")
_ADDRESSED = re.compile(r"\s*[(（](?P<who>[^()（）]+?)(?:宛て?|向け)[)）]$")
"""Whom a list of ways is for: Slack、メール（当番宛て）."""
_LIST = re.compile(r"[、,]\s*")
_TOLD = re.compile(r"(?P<who>[^\s、へに]+)[へに](?P<way>\S.*)")


def _row(cells: Cells) -> NotificationRule:
    """Read a row such as 異常 | 運用責任者 | Slack、メール | 即時."""
    name = cells.name("level")
    if _states_severities(cells):
        raise NotUnderstood(Message("design.severities-not-notifications"))
    if cells.has("tier") and _ESCALATION.fullmatch(normalise(cells.labels.get("recipients", ""))):
        raise NotUnderstood(Message("design.notices-in-tiers"))
    told = cells["recipients"]
    recipients = read_recipients(told) or ()
    if told and not recipients:
        raise unreadable(
            told, label=cells.label("recipients"), expected=Message("design.expected-recipients")
        )
    channels = (
        cells.maybe("channels", read_ways, Message("design.expected-channel"))
        or read_channels(told)
        or read_noted_channels(told)
    )
    if not (recipients or channels):
        raise NotUnderstood(Message("design.notice-to-nobody"))
    delivery = cells.maybe("timing", read_delivery, _EXPECTED) or AT_ONCE
    return NotificationRule(
        **cells.stamp(NotificationRule, name, assumptions=delivery.assumptions),
        level=_level(name, cells.column("level")),
        level_name=name,
        recipients=recipients,
        channels=channels,
        timing=cells["timing"],
        delivery=delivery,
        response=cells["response"],
    )


def _states_severities(cells: Cells) -> bool:
    """Say whether the levels are those of incidents, which a response time and a definition show."""
    if not cells.has("response") or is_alert_scale(cells.column("level")):
        return False
    if cells.has("channels"):
        return cells.section.nearness(_ABOUT_NOTICES) < 3
    return cells.has("definition")


def _entry(entry: PlacedEntry) -> NotificationRule:
    """Read an entry such as 緊急（P1）: Slack + SMS + メール."""
    ways, delivery = _timed(entry)
    entry.take(delivery.text, *ways_within(ways))
    addressed = _ADDRESSED.search(ways)
    if addressed:
        ways = ways[: addressed.start()]
        entry.take(addressed.group())
    parts = _LIST.split(ways)
    told = [_TOLD.fullmatch(part) for part in parts]
    if any(told):
        ways = "、".join(found["way"] if found else part for found, part in zip(told, parts, strict=True))
        people = "、".join(found["who"] for found in told if found)
    else:
        ways, people = "、".join(parts), addressed["who"] if addressed else ""
    return NotificationRule(
        **entry.stamp(NotificationRule, entry.key, assumptions=delivery.assumptions),
        level=_level(entry.key),
        level_name=entry.key,
        recipients=read_value(
            people, read_recipients, label=entry.key, expected=Message("design.expected-recipients")
        )
        if people
        else (),
        channels=read_value(
            ways if delivery.text or people else entry.value,
            read_channels,
            label=entry.key,
            expected=Message("design.expected-channel"),
        ),
        timing=delivery.text,
        delivery=delivery,
    )


def _timed(entry: PlacedEntry) -> tuple[str, DeliveryTiming]:
    """Split Slack + SMS（5分継続後） into ways and timing; any other remark stays with the ways."""
    found = _TIMING.search(entry.value)
    if found is None:
        return entry.value, AT_ONCE
    delivery = read_delivery(found["timing"])
    if delivery is None and _TIMES.search(normalise(found["timing"])):
        raise unreadable(found["timing"], label=entry.key, expected=_EXPECTED)
    return (entry.value, AT_ONCE) if delivery is None else (entry.value[: found.start()], delivery)


def _level(name: str, scale: tuple[str, ...] = ()) -> AlertLevel | IncidentSeverity:
    level = read_alert_level(name)
    if level is not None:
        return level
    severity = read_incident_severity(name, scale)
    if severity is None:
        raise unreadable(
            name,
            label=Message("design.field-level-name"),
            expected=Message("design.expected-notification-level"),
        )
    return severity


RULE_TABLE = TableShape(
    NotificationRule,
    _row,
    headings=words("通知|アラート|連絡|エスカレーション|alert|notif|routing|escalation"),
    avoid=_OTHER_NOTICES,
    columns={
        "level": words(
            "(?:アラート|通知|重要度|障害)?レベル|重要度|重大度|severity|level|通知種別|優先度|priority"
        ),
        "recipients": words(
            "通知(?:先|対象)|受領者|連絡先|対象者|宛先|報告先|エスカレーション先?|recipients?|notify|who|escalation|contact"
        ),
        "tier": words(
            "(?:一次|二次)(?:対応者?|連絡先|担当)?|主担当|副担当|(?:primary|secondary|first|second)(?:on-?call|contact|responder)?"
        ),
        "channels": words(
            "(?:通知|連絡)(?:方法|手段|チャネル|チャンネル)|配信チャネル|チャ[ネン]ネ?ル|手段|方法|通知|channels?|method|via"
        ),
        "timing": words("(?:通知|連絡|送信|配信)?(?:タイミング|時期)|(?:通知|送信|配信)時間帯?|timing|when"),
        "response": words(
            "(?:期待|初動|一次)?対応(?:時間|期限)(?:目標)?|(?:目標)?応答時間|(?:target|initial)?response(?:time|target)?"
        ),
        "definition": words("説明|定義|内容|description|definition"),
        "note": words("備考|例|notes?|examples?"),
    },
    needs=("level", "recipients|channels"),
    telling=("level recipients channels",),
)

RULE_ENTRY = EntryShape(
    NotificationRule,
    _entry,
    headings=words("通知|アラート|連絡|alert|notif|routing"),
    avoid=_OTHER_NOTICES,
    key=words(
        r".*(?:緊急|重大|重要|通常|警告|情報|異常|critical|warning|info|high|medium|low|p[0-4]|sev-?\d|高|中|低)(?:\s*\(.*\))?"
    ),
)
