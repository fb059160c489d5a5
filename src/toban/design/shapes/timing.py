"""When a row is due, if the words for it are in several cells or in the headings above."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from toban.design.assumption import Assumption
from toban.design.section import DocumentSection, heading_words, normalise
from toban.design.shapes.shape import Cells, NotUnderstood, PlacedEntry, unreadable, words
from toban.design.values.duration import Duration, TimeUnit, read_duration, read_length
from toban.design.values.normal import plain
from toban.design.values.remark import is_remark
from toban.design.values.schedule import Cadence, Schedule, join_schedule, read_schedule, read_schedules
from toban.message import Message

_CADENCE = words(
    r"(?P<日次>毎日|毎朝|毎晩|日次|デイリー|\bdaily\b|\bnightly\b)|(?P<週次>毎週|週次|ウィークリー|\bweekly\b)|(?P<隔週>隔週)"
    r"|(?P<月次>毎月|月次|マンスリー|\bmonthly\b)|(?P<四半期毎>四半期|\bquarterly\b)|(?P<半期毎>半期|半年)"
    r"|(?P<年次>年次|毎年|\b(?:annual|yearly)\b)|(?P<毎時>\bhourly\b)"
)
_MOMENT = words(
    r"\d:\d\d|\d時(?!間)|[月火水木金土日]曜|第\s?\d|月初|月末|\d日|深夜|\b(?:mon|tues|wednes"
    r"|thurs|fri|satur|sun)day|\d ?[ap]m\b"
    r"|\d\s?(?:[分秒]|時間)(?:毎|ごと|おき|間隔)|毎時|[日週月年]に?\s?\d+\s?回|every \d"
    r"|平日|営業日|土日|週末|祝|休日|定休|隔[日週月年]|翌|除く|以外"
    r"|\b(?:weekdays?|weekends?|holidays?|business days?|except|excluding)\b"
    r"|\b(?:first|second|third|fourth|last) (?:week|month)\b|\bmonth-?end\b|\bq[1-4]\b"
)
"""Words by which a text speaks of a time or a day."""
_TIMES = words(
    r"第\s?\d[月火水木金土日]曜日?|[月火水木金土日]曜日?|\b(?:mon|tues|wednes|thurs|fri|satur|sun)day\b|月初|月末|\d{1,2}日|深夜"
    r"|\d{1,2}:\d\d(?:\s?[-~〜]\s?\d{1,2}:\d\d)?(?: ?[ap]m\b)?|\b(?:jst|utc|gmt|cet)\b"
)
_LENGTH = words(r"\d+\s?(?:分|時間|名|人|台|minutes?|mins?|hours?)(?!毎|ごと|おき|間隔|[a-z])")
_OTHER_TIME = words(
    r"\d|[月火水木金土日]曜|土日|週末|祝|休日|定休|平日|営業日|隔[日週月年]|翌|除|以外|まで|以降|ごと|おき|毎|第"
    r"|\b(?:except|until|after|before|every|other|last|first|second|third|fourth|month-?end|holidays?|weekdays?|weekends?|business|excluding|[ecmp][sd]t|bst|ist|cest)\b"
)
"""What a heading may say of time besides a plain day, clock and zone."""
_LIMITED = words(
    "初期|安定化|立ち?上げ|移行(?:期間?|中|作業|直?後)|(?:リリース|稼働|移行|切り?替え|公開|導入|開業)(?:直?後|当初|から\\d)|運用開始|(?:試験|仮|並行)(?:運用|稼働)"
    "|(?:期間|当面|暫定|繁忙)(?:中|の間|期)?|(?:トライアル|パイロット)"
    r"|\b(?:first \w+ (?:days?|weeks?|months?)|hyper-?care|stabili[sz]ation|ramp-?up|go-?live|during"
    r"|(?:initial|(?:post-?)?launch|pilot|trial|migration|peak|interim)"
    r"(?: (?:period|phase|weeks?|months?|season))?)\b"
)
"""Words in brackets by which a cadence holds only for a phase: 日次（初期安定化）."""
_DAY = words(r"[月火水木金土日]曜|日|月初|月末|day\b")
_MONTH = re.compile(r"\d{1,2}月")
_ATTRIBUTE = words(
    "影響(?:範囲)?|所要時間|作業時間|担当(?:者)?|対象(?:者)?|目的|用途|(?:実施)?(?:時間|時刻|日時|時期|頻度|場所)|手順|内容|備考|注意(?:事項|点)?|条件|通知(?:先)?|連絡先"
    "|(?:保持|保存)期間|方法|ツール|出力|参加者|前提(?:条件)?|owner|duration|impact|purpose|target|scope|time|when|who|where|notes?|prerequisites?|objective"
    "|議題|成果物|提出先|配布先|output|agenda|delivery|participants?|attendees|audience|recipients?|documentation|execution|responsible|focus"
    "|(?:合格|判定|成功|完了|評価|判断|受入)?(?:基準|条件)|期待(?:値|結果)|目標(?:値|時間)?|指標"
    "|(?:(?:acceptance|pass|success|exit) )?criteria|expected(?: result)?|metrics?|kpis?|threshold"
    "|.*(?:頻度|周期|間隔|(?<!ライフ)サイクル)|.*(?<![a-z])(?:frequency|interval|cadence|(?<!life )cycle)"
    "|既定(?:値)?|初期値|defaults?|environment|validates|verifies|schedule|script|tool"
)
_REMARK = re.compile(r"\s*[(（][^()（）]*[)）]\s*$")
_NEXT_DAY = re.compile(r"翌日?\s*(?=\d{1,2}[:：時])")
_PLURAL = re.compile(r"(?<=day)s\b")
_PAREN = re.compile(r"\(([^()]*)\)")
_WEEKDAY = re.compile(r"[月火水木金土日]")


def section_schedule(section: DocumentSection) -> Schedule | None:
    """Return the schedule in the headings: 日次作業, 週次（日曜日 2:00-4:00）, 日次チェック over 朝（9:00）.

    A heading that says only how often takes its day from the one above: Weekly upkeep (2:00) below Sunday.
    None if a heading names two cadences (週次・月次運用), and unless all that the headings say of time is
    understood: 週次（日曜 2:00、祝日を除く） is not every Sunday.
    """
    moments: list[str] = []
    for index, heading in reversed(tuple(enumerate(section.words))):
        cadences = _cadences(heading)
        if len(cadences) > 1:
            return None
        own = _moments(heading)
        if own is None:
            return None
        moments = [*own, *moments]
        if cadences:
            cadence = cadences.pop()
            day = _day_above(section.words[:index], moments)
            if day is None:
                return None
            moments = [*day, *moments]
            return join_schedule(cadence, " ".join(moments)) if moments else read_schedule(cadence)
    return read_schedule(" ".join(moments)) if moments else None


def _day_above(above: Sequence[str], moments: Sequence[str]) -> list[str] | None:
    """Return the day in the heading above a cadence that has none; None if that speaks of another time."""
    is_named = any(_DAY.search(moment) for moment in moments)
    return [] if is_named or not above or _cadences(above[-1]) else _moments(above[-1])


def _moments(heading: str) -> list[str] | None:
    """Return the times in a heading, each as written; None if some of it speaks of time in other words."""
    moments = []
    if _is_limited(heading):
        return None
    singular = _PLURAL.sub("", heading)
    for part in (_PAREN.sub(" ", singular).partition(": ")[0], *_PAREN.findall(singular)):
        if not _MOMENT.search(part):
            continue
        if read_schedule(part) is not None:
            moments.append(part)
            continue
        rest = _LENGTH.sub(" ", _CADENCE.sub(" ", _TIMES.sub(" ", part)))
        if _OTHER_TIME.search(rest):
            return None
        moments += [found.group() for found in _TIMES.finditer(part)]
    return moments


def nearest_schedule(section: DocumentSection) -> Schedule | None:
    """Return the schedule that the nearest heading or caption gives: 週次メンテナンス（日曜日 2:00）.

    None if that heading doesn't mention time, whatever is above it: 日次運用 / 注意点.
    """
    if not section.words:
        return None
    nearest = section.words[-1]
    is_timed = _CADENCE.search(nearest) or _MOMENT.search(nearest)
    return section_schedule(section) if is_timed else None


def speaks_of_time(text: str) -> bool:
    """Say whether the text says when or how often something happens, in words that are read or not."""
    plain_words = normalise(text)
    return bool(_CADENCE.search(plain_words) or _MOMENT.search(plain_words))


def is_time_unread(section: DocumentSection) -> bool:
    """Say whether the nearest heading names a cadence that with the times beside it is not understood."""
    nearest = section.words[-1] if section.words else ""
    return len(_cadences(nearest)) == 1 and section_schedule(section) is None


def names_an_attribute(key: str) -> bool:
    """Say whether the key only describes something that is named elsewhere: 目的, Scope."""
    return _ATTRIBUTE.fullmatch(normalise(key).rstrip(": ")) is not None


def is_attribute(entry: PlacedEntry) -> bool:
    """Say whether the entry only describes the task in its caption (復元訓練 / 目標: 30分)."""
    if names_an_attribute(entry.key or entry.sentence):
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
        cells.take(frequency, clock)
        return joined
    if not (often or when):
        above = section_schedule(cells.section)
        if above is None:
            raise NotUnderstood(Message("design.no-time-in-row-or-heading"))
        return above
    alone = _with_headings(often or when, cells.section)
    if alone is None and read_when(often or when) is not None:
        raise NotUnderstood(Message("design.heading-time-not-read", heading=cells.section.title))
    if alone is None:
        raise unreadable(
            often or when,
            label=cells.label(frequency if often else clock),
            expected=Message("design.expected-schedule"),
        )
    cells.take(frequency, clock)
    return alone


def row_schedules(cells: Cells, frequency: str = "frequency", clock: str = "clock") -> tuple[Schedule, ...]:
    """Do the same for a cell that may hold several (日次（フル） + 1時間ごと（増分））."""
    often, when = cells[frequency], cells[clock]
    if not (often and when):
        several = read_schedules(often or when) if often or when else None
        if several is None or len(several) < 2:
            return (row_schedule(cells, frequency, clock),)
        cells.take(frequency, clock)
        return several
    try:
        return (row_schedule(cells, frequency, clock),)
    except NotUnderstood:
        # 平日 | 9:00、13:00: together they are several rules.
        if several := read_schedules(f"{often} {when}"):
            cells.take(frequency, clock)
            return several
        raise


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
    """Complete a row that says only 9:00 or 月曜 with what the headings say."""
    own = read_when(text)
    if own is not None and not own.assumptions:
        return own
    for heading in reversed(section.words):
        cadences = _cadences(heading)
        if len(cadences) == 1:
            return _completed(own, text, cadences.pop(), section)
        if cadences and is_clock(own):
            return None
    return own


def _completed(own: Schedule | None, text: str, cadence: str, section: DocumentSection) -> Schedule | None:
    """Return the row's own schedule with the headings' cadence; a clock alone takes their days as well."""
    above = section_schedule(section)
    if own is None or not is_clock(own):
        return join_schedule(cadence, text) or own
    if above is None:
        return None
    return replace(
        above, at=own.at, until=own.until, zone=own.zone or above.zone, text=plain(f"{cadence} {text}")
    )


def is_clock(schedule: Schedule | None) -> bool:
    """Say whether a row says only at what time: 9:00."""
    assumed = () if schedule is None else schedule.assumptions
    return any(assumption.code == "design.assumed-daily" for assumption in assumed)


def read_when(text: str) -> Schedule | None:
    """Read a schedule, with or without a remark that is not about time: 1日1回（タイムゾーン考慮）.

    An end earlier than the beginning is on the next day (22:00〜翌2:00).
    """
    text = _NEXT_DAY.sub("", text)
    remark = _REMARK.search(text)
    said = normalise(remark.group()).strip(" ()") if remark else ""
    is_beside = bool(said) and not (_MOMENT.search(said) or _is_limited(text)) and is_remark(said)
    bare = text[: remark.start()] if remark and is_beside else ""
    return read_schedule(text) or (read_schedule(bare) if bare else None)


def _is_limited(text: str) -> bool:
    """Say whether a cadence holds only for a phase, which brackets behind it name."""
    return any(_LIMITED.search(remark) for remark in _PAREN.findall(normalise(text)))


def _cadences(heading: str) -> set[str]:
    """Return the cadences named in a heading, each in one form: 毎月第2土曜日 and 月次 are both 月次."""
    return {found.lastgroup for found in _CADENCE.finditer(heading) if found.lastgroup}


def _weekday_in_full(text: str) -> str:
    return f"{text}曜日" if _WEEKDAY.fullmatch(text) else text


_PERIODS = {
    Cadence.DAILY: Duration(Decimal(1), TimeUnit.DAY),
    Cadence.WEEKLY: Duration(Decimal(1), TimeUnit.WEEK),
    Cadence.MONTHLY: Duration(Decimal(1), TimeUnit.MONTH),
}


def read_interval(text: str) -> tuple[Duration | None, tuple[Assumption, ...]]:
    """Read 1分, 5分間隔, 日次 as the time between measurements; note it as assumed otherwise (実行時のみ)."""
    if not text:
        return None, ()
    length = read_length(text)
    schedule = None if length else read_schedule(text)
    if schedule is not None:
        length = schedule.every if schedule.cadence is Cadence.INTERVAL else _PERIODS.get(schedule.cadence)
    if length:
        return length, ()
    said, why = Message("design.default-interval", words=text), Message("design.why-irregular")
    return None, (Assumption(said, why, "[monitoring] interval"),)
