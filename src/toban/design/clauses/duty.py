"""Chapter 1, 運用方針: who answers in which hours, and how to reach them."""

import re
from dataclasses import dataclass
from typing import ClassVar

from toban.design.assumption import Assumption
from toban.design.chapter import Chapter
from toban.design.clauses.base import Clause
from toban.design.section import normalise
from toban.design.shapes.shape import (
    Cells,
    ChapterShapes,
    EntryShape,
    NotUnderstood,
    PlacedEntry,
    TableShape,
    words,
)
from toban.design.values.hours import Hours, read_hours
from toban.design.values.people import (
    ChannelRef,
    Role,
    channels_within,
    is_outsider,
    is_placeholder,
    read_channels,
    read_recipients,
    ways_within,
)
from toban.design.values.rotation import Rotation, read_rotation
from toban.message import Message

EMERGENCY = "緊急"
"""Documents use this word for a contact who answers at any hour: 緊急連絡先, 緊急時連絡先, 夜間緊急窓口."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DutyRole(Clause):
    """Who answers in which hours."""

    chapter: ClassVar[Chapter] = Chapter.OBJECTIVES
    kind: ClassVar[str] = "duty-role"

    role: str
    holder: str
    """The name as written; empty if the document says only how to reach the role."""
    is_placeholder: bool
    hours: Hours | None
    channels: tuple[ChannelRef, ...] = ()
    duties: str = ""
    """責務: what the role is responsible for."""
    rotation: Rotation | None = None
    """Set if `holder` names people who take turns (田中、中村 (週替わり))."""


_WORKING_WEEK = re.compile(r"\b(?:mon(?:day)?s?\s*(?:-|–|to)\s*fri(?:day)?s?|weekdays)\b[,:]?", re.IGNORECASE)
_ADDRESS = words(r"\w@\w|\d{2,4}-[\dx]{2,4}-[\dx]{3,4}|pagerduty|slack")


def duty_hours(text: str) -> Hours | None:
    """Read the hours of a week; Mon-Fri is 平日."""
    return read_hours(text) or read_hours(_WORKING_WEEK.sub("平日", text))


def _role(cells: Cells) -> DutyRole:
    role = cells.first("role", "level")
    if not role:
        raise NotUnderstood(Message("design.role-is-empty"))
    if cells.has("frequency") and not any(map(cells.has, ("holder", "contact", "hours"))):
        raise NotUnderstood(Message("design.tasks-not-roles"))
    if read_channels(role):
        raise NotUnderstood(Message("design.contact-not-role", words=role))
    if is_outsider(role):
        raise NotUnderstood(Message("design.outsider-not-role", words=role))
    holder = _holder(cells)
    rotation = read_rotation(holder)
    remark = cells["note"] if not cells.has("hours") else ""
    return DutyRole(
        **cells.stamp(
            DutyRole,
            role,
            cells["holder"] if cells.has("contact") else "",
            assumptions=(*_taken(role, rotation), *_not_reached(cells, holder)),
        ),
        role=role,
        rotation=rotation,
        holder=holder,
        is_placeholder=bool(holder) and is_placeholder(holder),
        hours=cells.maybe("hours", duty_hours, Message("design.expected-duty-hours")) or duty_hours(remark),
        channels=_channels(cells),
        duties=cells["duties"],
    )


def _holder(cells: Cells) -> str:
    """Return who holds the role; 内線1234 and the page of a desk in the column of contacts are nobody."""
    if _HEADS.fullmatch(normalise(cells["holder"])):
        return ""
    if cells["holder"]:
        return _people(cells["holder"])
    named = _people(cells["contact"])
    if named and not is_placeholder(named) and (_is_work(named) or _SEVERAL.search(named)):
        raise NotUnderstood(Message("design.not-a-role-with-contact"))
    return "" if _REACH.search(normalise(named)) and not is_placeholder(named) else named


_HEADS = words(r"約?\d{1,3}(?:[-~〜]\d{1,3})? ?(?:名|人|persons?|people|engineers?|ftes?)(?:以上|体制)?")
"""How many hold a role, which names none of them."""
_SEVERAL = re.compile(r",\s.*\s")
"""What lists several things, where a contact names one: triage, external comms, decisions."""


def _not_reached(cells: Cells, holder: str) -> tuple[Assumption, ...]:
    """Say which contact reaches nobody by Toban: 内線1234, the address of a page."""
    said = cells["contact"]
    if not said or said == holder or channels_within(said) or not _REACH.search(normalise(said)):
        return ()
    cells.take("contact")
    unused = Message("design.contact-not-used", words=said)
    return (Assumption(unused, Message("design.why-contact")),)


def _channels(cells: Cells) -> tuple[ChannelRef, ...]:
    """Return the ways in all the columns; メール beside an address says nothing more."""
    found = [way for role in ("holder", "contact", "contact_too") for way in channels_within(cells[role])]
    for role in ("holder", "contact", "contact_too"):
        cells.take_words(*ways_within(cells[role]))
    addressed = {way.kind for way in found if way.address}
    return tuple(way for way in found if way.address or way.kind not in addressed)


def _people(text: str) -> str:
    """Return *text* if it says who holds a role, without what only says how to reach them."""
    if not channels_within(text):
        return text
    named = read_recipients(text) or ()
    names = (each.name for each in named if isinstance(each, Role))
    return "、".join(name for name in names if not _REACH.search(normalise(name)))


def _is_role(name: str) -> bool:
    """Say whether *name* may be a role, not a way to reach people (緊急連絡先, Phone line)."""
    said = normalise(name)
    is_attribute = any(_COLUMNS[role].fullmatch(said.replace(" ", "")) for role in _ATTRIBUTES)
    is_other = is_attribute or _CONTACT.search(said) or read_channels(name) or is_outsider(name)
    return bool(said) and not is_other


def _way_to_reach(cells: Cells) -> DutyRole:
    """Read 電話: …, メール: … below the heading that names the role (当番)."""
    role = cells.section.title
    if not _is_role(role) or cells.section.nearness(_DUTY) < 3:
        raise NotUnderstood(Message("design.contact-not-role", words=role))
    ways = [channels_within(cells[way]) for way in ("phone", "email", "chat") if cells[way]]
    if not all(ways):
        raise NotUnderstood(Message("design.not-a-role-with-contact"))
    return DutyRole(
        **cells.stamp(DutyRole, role),
        role=role,
        holder=cells["holder"],
        is_placeholder=is_placeholder(cells["holder"]),
        hours=cells.maybe("hours", duty_hours, Message("design.expected-duty-hours")),
        channels=tuple(channel for way in ways for channel in way),
    )


def _taken(role: str, rotation: Rotation | None) -> tuple[Assumption, ...]:
    """Say which handover was assumed if the document names none."""
    if rotation is None or not rotation.is_assumed:
        return ()
    said = Message(
        f"design.assumed-{rotation.handover.cadence}-handover",
        people=rotation.people,
        time=f"{rotation.handover.at:%H:%M}",
    )
    return (Assumption(said, Message("design.why-handover"), f"[[duty.{role}.layers]] handover"),)


def _reached(entry: PlacedEntry) -> DutyRole:
    """Read 当番: duty@example.com under 連絡先; a contact channel (Slack: #ops) is not a role."""
    channels = channels_within(entry.value)
    holder = _people(entry.value)
    is_told = channels or (_ADDRESS.search(normalise(entry.value)) and not _is_work(holder))
    if not (_is_role(entry.key) and is_told):
        raise NotUnderstood(Message("design.not-a-role-with-contact"))
    entry.take(*ways_within(entry.value), *filter(duty_hours, _IN_BRACKETS.findall(entry.value)))
    return DutyRole(
        **entry.stamp(DutyRole, entry.key),
        role=entry.key,
        holder="" if _is_work(holder) or _NUMBER.match(holder) else holder,
        is_placeholder=is_placeholder(entry.value),
        hours=next(filter(None, map(duty_hours, _IN_BRACKETS.findall(entry.value))), None),
        channels=channels,
    )


def _on_duty(entry: PlacedEntry) -> DutyRole:
    """Read 当番: 田中、中村（週替わり）24時間365日 below 体制: hours, contact channels and who."""
    pieces = [piece.strip() for piece in _DUTY_PIECES.split(entry.value) if piece.strip()]
    found = [(piece, hours) for piece in pieces if (hours := duty_hours(piece)) is not None]
    channels = channels_within(entry.value)
    if not _is_role(entry.key) or len(found) > 1 or not (found or channels):
        raise NotUnderstood(Message("design.not-a-role-with-holder"))
    others = [piece for piece in pieces if not found or piece != found[0][0]]
    people = [who for piece in others if (who := _people(piece))]
    entry.take(*(piece for piece, _ in found), *ways_within(entry.value))
    if any(_is_work(piece) for piece in people):
        raise NotUnderstood(Message("design.not-a-role-with-holder"))
    holder = "、".join(people)
    rotation = read_rotation(holder)
    return DutyRole(
        **entry.stamp(DutyRole, entry.key, assumptions=_taken(entry.key, rotation)),
        role=entry.key,
        rotation=rotation,
        holder=holder,
        is_placeholder=bool(holder) and is_placeholder(holder),
        hours=found[0][1] if found else None,
        channels=channels,
    )


def _is_work(text: str) -> bool:
    """Say whether *text* is what somebody does (アラートの一次対応, answers the alerts), not who they are."""
    said = _NOTE.sub("", text).strip()
    long_words = re.findall(r"[A-Za-z]{4,}", said)
    is_order = re.match(r"(?:see|check|ask|refer|use|look)\b", said, re.IGNORECASE) is not None
    is_sentence = is_order or (len(said.split()) > 2 and any(word.islower() for word in long_words))
    return is_sentence or _WORK.search(said) is not None


_DUTY = words("体制|当番|オンコール|on-?call|duty")
_CONTACT = words(
    r"(?:連絡先|問い?合わせ先|電話(?:番号)?|ダイヤル|ホットライン|回線|直通|内線|携帯|アドレス|チャン?ネル|url|サイト|ツール|アプリ|手段|通知(?:先)?|連絡|報告(?:先)?"
    r"|\b(?:contacts?|line|hotline|numbers?|address|channel|bridge|room|pager|portal|link|notifications?|alerts?|tools?|apps?))(?:\s*\(.*\))?$"
)
"""What a way to reach people ends in, and a role does not."""
_REACH = words(
    r"^(?:direct|external|internal)$|\b(?:console|dashboard|portal)$|\b(?:direct message|dms?|advisor(?:y|ies)|tickets?)\b|\d{2}|://|内線|\bext\b|\w\.(?:com|net|org|io|dev|app|co|jp|example)\b"
)
_NUMBER = re.compile(r"[+\d(][\dx×-]{3,}", re.IGNORECASE)
"""How a telephone number begins, with its digits hidden or not: it is nobody's name."""
_NOTE = re.compile(r"[(（][^()（）]*[)）]")
_IN_BRACKETS = re.compile(r"[(（]([^()（）]*)[)）]")
_WORK = re.compile(
    r"(?:対応|監視|確認|管理|調査|判断|実施|作業|報告|復旧|支援|点検|受付|指揮|承認|通知|連絡|運用|保守|切り分け)$|する$"
)
_DUTY_PIECES = re.compile(r"[、,]\s*|(?<=[)）])\s*|\s+(?=\d{2,4}-\d{2,4}-\d{3,4})")
_COLUMNS = {
    "role": words(
        "役割(?:名)?|ロール|担当区分|部署|部門|所属|区分|立場|チーム|組織|role|team|position|function"
    ),
    "level": words("レベル|level|tier"),
    "holder": words("担当者名?|氏名|名前|担当(?:チーム)?|要員|name|who|person|assignee|owner|holder|primary"),
    "contact": words(
        "連絡(?:先|手段|方法)|電話(?:番号)?|メール(?:アドレス)?|contact(?:info(?:rmation)?)?|phone|e?mail|channel"
    ),
    "contact_too": words(
        "連絡(?:先|手段|方法)|電話(?:番号)?|メール(?:アドレス)?|エスカレーション|slack|chat|contact|phone|e?mail|method|escalation"
    ),
    "hours": words("(?:対応|対応可能|勤務|稼働|受付)時間(?:帯)?|hours|availability|coverage"),
    "duties": words(
        "(?:主な)?(?:責務|責任(?:範囲)?|業務(?:内容)?)|担当(?:範囲|業務)|役割内容|内容|responsibilit(?:y|ies)|duties"
    ),
    "frequency": words("頻度|周期|frequency"),
    "note": words("備考|人数|notes?"),
}
_ATTRIBUTES = ("holder", "contact", "contact_too", "hours", "duties", "frequency", "note")

SHAPES = ChapterShapes(
    tables=(
        TableShape(
            DutyRole,
            _role,
            headings=words(
                "体制|連絡|担当|役割|オンコール|問い?合わせ|窓口|エスカレーション|contacts?|\\bteam\\b|on-?call|escalation|responsib|roles?\\b"
            ),
            avoid=words("承認|検印|改訂|履歴|ペルソナ|\\biam\\b|コンポーネント|権限"),
            columns=_COLUMNS,
            needs=("role|level", "holder|contact|hours|duties"),
            inert=("level",),
            telling=("role holder hours", "role holder contact", "role contact hours"),
        ),
        TableShape(
            DutyRole,
            _way_to_reach,
            headings=_DUTY,
            avoid=words("フロー|手順|ルール|flow|rule|process|procedure"),
            columns={
                "holder": words("担当者|氏名|名前|担当|name|who|person"),
                "phone": words("電話(?:番号)?|携帯(?:電話)?|tel|phone|mobile"),
                "email": words("メール(?:アドレス)?|e-?mail|mail"),
                "chat": words("チャット|slack|teams|pagerduty|chat|pager"),
                "hours": words("対応時間(?:帯)?|hours|availability|coverage"),
            },
            needs=("phone|email|chat",),
            record="phone email chat holder hours",
            record_only=True,
        ),
    ),
    entries=(
        EntryShape(
            DutyRole,
            _on_duty,
            headings=_DUTY,
            avoid=words("フロー|手順|ルール|対応|引き?継ぎ|flow|rule|process|procedure|handover"),
            within=3,
        ),
        EntryShape(DutyRole, _reached, headings=words("連絡先|連絡網|問い?合わせ先|contacts?\\b"), within=3),
    ),
)
