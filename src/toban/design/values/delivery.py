"""When a notification leaves: 即時, 5分継続後, 営業時間内のみ, 平日9-18時, 日次まとめ(9:00)."""

import re
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from toban.design.assumption import Assumption, Meaning, of_word
from toban.design.values.duration import Duration, read_duration, read_length, read_within
from toban.design.values.hours import WORKING_DAYS, Hours, read_hours
from toban.design.values.normal import plain
from toban.design.values.schedule import Schedule, read_schedule
from toban.design.values.schedule.occurrence import occurrences
from toban.message import Message

OFFICE_HOURS = Hours(WORKING_DAYS, time(9), time(18), includes_holidays=False)
"""営業時間, unless the document says more."""
_DIGEST_AT = time(9)


@dataclass(frozen=True, slots=True)
class DeliveryTiming:
    """When a notification leaves; without any part, at once."""

    after: Duration | None = None
    """How long the alert must hold first."""
    hours: Hours | None = None
    """Outside these, notifications wait for the next opening."""
    is_office: bool = False
    """営業時間 without its hours: those of the document's roles, else `OFFICE_HOURS`."""
    digest: Schedule | None = None
    """When everything since the last time is sent in one message."""
    text: str = field(default="", compare=False)
    """The document's own words, to show to people."""
    assumptions: tuple[Assumption, ...] = field(default=(), compare=False)

    def __str__(self) -> str:
        return self.text

    @property
    def is_at_once(self) -> bool:
        """Whether nothing delays it: 即時, 30分以内."""
        return self == AT_ONCE


AT_ONCE = DeliveryTiming()

_SEND = r"(?:に|で)?(?:通知|連絡|送信|配信|報告|発報|対応)?(?:する)?"
_NOW = re.compile(
    rf"(?:(?:即時|即座|即刻|直ち|ただち|すぐ|速やか|すみやか|至急|リアルタイム|都度|随時|その都度){_SEND}"
    rf"|(?:アラート)?(?:発生|検知)(?:時|後|次第|と同時)(?:即時|すぐ|直ち)?{_SEND}"
    r"|immediate(?:ly)?|at once|instant(?:ly)?|real-?time|as soon as possible|asap|right away)",
    re.IGNORECASE,
)
_ONLY = rf"(?:のみ|だけ|に限る|に限り|限定)?{_SEND}"
_ONLY_AT_END = re.compile(rf"(?:内|の間)?{_ONLY}(?: only)?$", re.IGNORECASE)
_OFFICE = re.compile(
    rf"(?:平日の?)?(?:営業|業務|就業|勤務)時間(?:内|帯|中)?{_ONLY}"
    r"|(?:only )?(?:during |in |within )?(?:business|office|working) hours(?: only)?",
    re.IGNORECASE,
)
_DAYS_ONLY = re.compile(rf"(?:平日|営業日){_ONLY}|(?:weekdays|business days)(?: only)?", re.IGNORECASE)
_LASTING = re.compile(
    r"(?:継続|持続)?(?P<length>\d.*?)(?:以上)? ?(?:の|が)? ?"
    r"(?P<held>(?:継続|持続|経過|続い|続く|続け)(?:した|して|する|た|て)?)?"
    rf"(?P<then>ば|ら|から|後|時|場合|とき|あと)*{_SEND}"
    r"|(?:after|if (?:it )?(?:lasts|holds|continues)(?: for)?|lasting|sustained(?: for)?) (?P<time>.+)",
    re.IGNORECASE,
)
_DIGEST = re.compile(
    r"(?:の|に|で)?(?:定期)?(?:まとめ|サマリー?|ダイジェスト|集約|一括)(?:メール|通知|レポート|して|て|で)*(?:を)?"
    rf"{_SEND}|\b(?:digests?|summar(?:y|ies))\b",
    re.IGNORECASE,
)
_BRACKET = re.compile(r"[()]")
_AND = re.compile(r"[、,()]|かつ|;| and ")
_ANY_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_OFTEN = timedelta(days=32)
"""A digest that comes more rarely than monthly is a slip."""


def read_delivery(text: str) -> DeliveryTiming | None:
    """Read when a notification leaves; None unless all of *text* is understood.

    A limit (30分以内) is met by sending at once. A bare duration (5分) may be a limit or a delay: None.
    """
    whole = plain(text)
    if _DIGEST.search(whole):
        return _digest(whole)
    timing = DeliveryTiming(text=whole)
    for piece in filter(None, (part.strip() for part in _AND.split(whole))):
        found = _part(piece)
        joined = None if found is None else _joined(timing, found, piece)
        if joined is None:
            return None
        timing = joined
    if timing.is_office:
        return replace(timing, assumptions=(_office(whole),))
    return timing


def _part(piece: str) -> DeliveryTiming | None:
    if _NOW.fullmatch(piece):
        return AT_ONCE
    if _OFFICE.fullmatch(piece):
        return DeliveryTiming(is_office=True)
    if _DAYS_ONLY.fullmatch(piece):
        return DeliveryTiming(hours=Hours(WORKING_DAYS, includes_holidays=False))
    if hours := read_hours(_ONLY_AT_END.sub("", piece)):
        return DeliveryTiming(hours=None if hours.is_always else hours)
    if after := _lasting(piece):
        return DeliveryTiming(after=after)
    return AT_ONCE if read_within(piece) and not read_duration(piece) else None


def _office(whole: str) -> Assumption:
    said = Message("design.assumed-office-hours", words=whole, hours=str(OFFICE_HOURS))
    return Assumption(said, Message("design.why-office-hours"), "[system] office_hours")


def _lasting(piece: str) -> Duration | None:
    match = _LASTING.fullmatch(piece)
    if match is None or not (match["time"] or match["held"] or match["then"] or not piece[0].isdigit()):
        return None
    return read_length(match["time"] or match["length"])


def _joined(one: DeliveryTiming, other: DeliveryTiming, words: str) -> DeliveryTiming | None:
    """Return both as one: 5分継続後、営業時間内; None if they contradict each other."""
    if (one.after and other.after) or (one.hours and other.hours):
        return None
    hours = one.hours or other.hours
    is_office = one.is_office or other.is_office
    if is_office and other.hours:
        # 営業時間内のみ(9:00-18:00) means business days.
        hours = read_hours(f"平日{words}") or other.hours
    return replace(one, after=one.after or other.after, hours=hours, is_office=is_office and hours is None)


def _digest(whole: str) -> DeliveryTiming | None:
    """Read 日次まとめ(9:00), 毎週月曜9:00にまとめて通知, daily digest at 9:00."""
    schedule = read_schedule(_BRACKET.sub(" ", _DIGEST.sub(" ", whole)))
    if schedule is None:
        return None
    assumptions = schedule.assumptions
    if not schedule.is_timed:
        schedule = replace(schedule, at=_DIGEST_AT)
        said = Message("design.clock-assumed", word=whole, at=f"{_DIGEST_AT.hour}:{_DIGEST_AT:%M}")
        assumptions = (*assumptions, of_word(whole, Meaning.CLOCK, said))
    if next(occurrences(schedule, _ANY_DAY, _ANY_DAY + _OFTEN, ZoneInfo("UTC")), None) is None:
        return None
    return DeliveryTiming(digest=schedule, text=whole, assumptions=assumptions)
