"""When a row is due, if the words for it are in several cells or in the headings above."""

import re
from collections.abc import Callable, Sequence

from toban.design.section import DocumentSection, heading_words, normalise
from toban.design.shapes.shape import Cells, NotUnderstood, PlacedEntry, words
from toban.design.values.duration import read_duration
from toban.design.values.schedule import Schedule, join_schedule, read_schedule, read_schedules
from toban.message import Message

_CADENCE = words(
    r"(?P<日次>毎日|毎朝|毎晩|日次|デイリー|\bdaily\b|\bnightly\b)|(?P<週次>毎週|週次|ウィークリー|\bweekly\b)|(?P<隔週>隔週)"
    r"|(?P<月次>毎月|月次|マンスリー|\bmonthly\b)|(?P<四半期毎>四半期|\bquarterly\b)|(?P<半期毎>半期|半年)"
    r"|(?P<年次>年次|毎年|\b(?:annual|yearly)\b)|(?P<毎時>\bhourly\b)"
)
_MOMENT = words(
    r"\d:\d\d|\d時(?!間)|[月火水木金土日]曜|第\s?\d|月初|月末|\d日|深夜|\b(?:mon|tues|wednes"
    r"|thurs|fri|satur|sun)day|\d ?[ap]m\b"
)
_TIMES = words(
    r"第\s?\d[月火水木金土日]曜日?|[月火水木金土日]曜日?|月初|月末|\d{1,2}日|深夜|\d{1,2}:\d\d(?:\s?[-~〜]\s?\d{1,2}:\d\d)?"
)
_MONTH = re.compile(r"\d{1,2}月")
_ATTRIBUTE = words(
    "影響(?:範囲)?|所要時間|作業時間|担当(?:者)?|対象(?:者)?|目的|(?:実施)?(?:時間|時刻|日時|時期|頻度|場所)|手順|内容|備考|注意(?:事項|点)?|条件|通知(?:先)?|連絡先"
    "|(?:保持|保存)期間|方法|ツール|出力|参加者|前提(?:条件)?|owner|duration|impact|purpose|target|scope|time|when|who|where|notes?|prerequisites?|objective"
    "|environment|validates|verifies|schedule|script|tool"
)
_REMARK = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_NEXT_DAY = re.compile(r"翌日?\s*(?=\d{1,2}[:：時])")
_PLURAL = re.compile(r"(?<=day)s\b")
_PAREN = re.compile(r"\(([^()]*)\)")
_WEEKDAY = re.compile(r"[月火水木金土日]")


def section_schedule(section: DocumentSection) -> Schedule | None:
    """Return the schedule in the headings: 日次作業, 週次（日曜日 2:00-4:00）, 日次チェック over 朝（9:00）.

    A heading that names two cadences (週次・月次運用) gives none.
    """
    moment = ""
    for heading in reversed(section.words):
        cadences = _cadences(heading)
        singular = _PLURAL.sub("", heading)
        parts = [*_PAREN.findall(singular), _PAREN.sub("", singular).partition(": ")[0]]
        moment = moment or next((part for part in parts if _MOMENT.search(part)), "")
        if len(cadences) == 1:
            return _at_moment(cadences.pop(), moment)
        if cadences:
            return None
    return read_schedule(moment) if moment else None


def _at_moment(cadence: str, moment: str) -> Schedule | None:
    """Combine a cadence with the whole of *moment*, or with its times without the words in between."""
    bare = " ".join(found.group() for found in _TIMES.finditer(moment))
    joined = (join_schedule(cadence, text) for text in (moment, bare) if text)
    return next((schedule for schedule in joined if schedule is not None), read_schedule(cadence))


def nearest_schedule(section: DocumentSection) -> Schedule | None:
    """Return the schedule that the nearest heading or caption gives: 週次メンテナンス（日曜日 2:00）.

    None if that heading doesn't mention time, whatever is above it: 日次運用 / 注意点.
    """
    if not section.words:
        return None
    nearest = section.words[-1]
    is_timed = _CADENCE.search(nearest) or _MOMENT.search(nearest)
    return section_schedule(section) if is_timed else None


def is_attribute(entry: PlacedEntry) -> bool:
    """Say whether the entry only describes the task in its caption (復元訓練 / 目標: 30分)."""
    if _ATTRIBUTE.fullmatch(normalise(entry.key)):
        return True
    caption = heading_words(entry.section.caption)
    return bool(entry.key and caption) and _CADENCE.search(caption) is None


def row_schedule(cells: Cells, frequency: str = "frequency", clock: str = "clock") -> Schedule:
    """Return a row's schedule: its frequency and clock columns together, or with the headings.

    Raises `NotUnderstood` if neither the row nor the headings give one.
    """
    often, when = _weekday_in_full(cells[frequency]), _weekday_in_full(cells[clock])
    if often and when:
        joined = join_schedule(often, when)
        # 実行時間 may be how long it runs (約30分) instead of when it starts.
        if joined is None and read_duration(when) is not None:
            joined = read_schedule(often)
        if joined is None:
            raise NotUnderstood(Message("design.no-joint-schedule", frequency=often, time=when))
        return joined
    if not (often or when):
        above = section_schedule(cells.section)
        if above is None:
            raise NotUnderstood(Message("design.no-time-in-row-or-heading"))
        return above
    alone = _with_headings(often or when, cells.section)
    return (
        alone
        if alone is not None
        else cells.read(frequency if often else clock, read_schedule, Message("design.expected-schedule"))
    )


def row_schedules(cells: Cells, frequency: str = "frequency", clock: str = "clock") -> tuple[Schedule, ...]:
    """Do the same for a cell that may hold several (日次（フル） + 1時間ごと（増分））."""
    alone = cells[clock] if not cells[frequency] else "" if cells[clock] else cells[frequency]
    several = read_schedules(alone) if alone else None
    if several is not None and len(several) > 1:
        return several
    return (row_schedule(cells, frequency, clock),)


def of_each[T](
    schedules: Sequence[Schedule], build: Callable[[Schedule, tuple[str, ...]], T]
) -> tuple[T, ...]:
    """Build one clause per schedule; from the second on, its number is a further key."""
    return tuple(
        build(schedule, (str(number),) if number > 1 else ())
        for number, schedule in enumerate(schedules, start=1)
    )


def read_times(text: str) -> tuple[Schedule, ...]:
    """Read the schedules in one text (毎月第2・第4土曜 2:00); none unless all of it is understood."""
    single = read_when(text)
    return (single,) if single is not None else read_schedules(text) or ()


def beside(text: str, section: DocumentSection) -> Schedule | None:
    """Return what a remark adds to the headings' cadence: （毎月第2水曜日 14:00）, （9月）; or None."""
    return _with_headings(text, section) if _MOMENT.search(normalise(text)) or _MONTH.search(text) else None


def _with_headings(text: str, section: DocumentSection) -> Schedule | None:
    """Complete a row that says only 9:00 or 月曜 with the headings' cadence."""
    own = read_when(text)
    if own is not None and not own.assumptions:
        return own
    for heading in reversed(section.words):
        cadences = _cadences(heading)
        if len(cadences) == 1:
            return join_schedule(cadences.pop(), text) or own
    return own


def read_when(text: str) -> Schedule | None:
    """Read a schedule, with or without a remark that is not about time: 1日1回（タイムゾーン考慮）.

    An end earlier than the beginning is on the next day (22:00〜翌2:00).
    """
    text = _NEXT_DAY.sub("", text)
    remark = _REMARK.search(text)
    bare = text[: remark.start()] if remark and not _MOMENT.search(normalise(remark.group())) else ""
    return read_schedule(text) or (read_schedule(bare) if bare else None)


def _cadences(heading: str) -> set[str]:
    """Return the cadences named in a heading, each in one form: 毎月第2土曜日 and 月次 are both 月次."""
    return {found.lastgroup for found in _CADENCE.finditer(heading) if found.lastgroup}


def _weekday_in_full(text: str) -> str:
    return f"{text}曜日" if _WEEKDAY.fullmatch(text) else text
