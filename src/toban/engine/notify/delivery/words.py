"""The text of a notification: what happened, to which row, since when, and what to do next."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from toban.engine.amounts import length
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.delivery.notice import NoticeKind
from toban.engine.notify.reason import NoticeReason
from toban.engine.notify.signal import Condition

_MARKS = {
    Condition.CRITICAL: f"{Verdict.DEVIATING.mark} 異常",
    Condition.WARNING: f"{Verdict.WARNING.mark} 警告",
    Condition.NO_DATA: f"{Verdict.NOT_MEASURABLE.mark} 測定不能",
    Condition.INFO: "i 情報",
    Condition.OK: f"{Verdict.CONFORMING.mark} 復旧",
}
_AGAIN = {
    NoticeReason.REPEATED: "継続中",
    NoticeReason.SILENCE_ENDED: "継続中",
    NoticeReason.ESCALATED: "未対応",
    NoticeReason.RELEASED: "未対応",
}
"""What the title adds for a notification with this reason."""
_NAMES = {
    Condition.CRITICAL: "異常",
    Condition.WARNING: "警告",
    Condition.NO_DATA: "測定不能",
    Condition.INFO: "情報",
}
_NEXT = {
    NoticeKind.FIRING: "この行の推移とログを確かめ、影響の範囲を切り分けてください",
    NoticeKind.NO_DATA: "測る場所が動いているか、接続と認証を確かめてください",
    NoticeKind.RECOVERED: "対応は要りません。原因が分かっていなければ記録を残してください",
    NoticeKind.ACKNOWLEDGED: "対応中の人がいます。加わるときは声をかけてください",
}
_LONGEST_TITLE = 250
_NAMED = 3
_LISTED = 8
"""Slack takes ten facts."""


@dataclass(frozen=True, slots=True)
class AlertStory:
    """What a notification can say about an alert."""

    subject: str
    condition: Condition
    """The problem: still there, or just over."""
    value: str
    limit: str
    advice: str
    began_at: datetime
    detected_at: datetime
    ended_at: datetime | None
    taken_by: str = ""
    """Who has acknowledged it."""
    is_flapping: bool = False
    system: str = ""
    """The system's name: people may get notifications of several."""
    citation: str = ""
    """The row that it is based on."""


def mark(condition: str, *, is_over: bool) -> str:
    """Return the symbol and the word for an alert's condition, or for its recovery."""
    return _MARKS[Condition.OK if is_over else Condition(condition)]


def title(
    kind: NoticeKind,
    stories: Sequence[AlertStory],
    reason: NoticeReason = NoticeReason.FIRST,
    before: Condition | None = None,
) -> str:
    """Return the one-line summary; *before* is the condition of the last notification, if it was another."""
    first = stories[0]
    sign = mark(first.condition, is_over=kind is NoticeKind.RECOVERED)
    if kind is NoticeKind.ACKNOWLEDGED:
        return _one_line(f"{sign} ({first.taken_by}が対応中): {first.system} {first.subject}")
    remarks = [_AGAIN.get(reason, "")]
    if kind is not NoticeKind.RECOVERED and before is not None and before is not first.condition:
        remarks.append(f"{_NAMES[before]}から")
    if first.is_flapping:
        remarks.append("フラッピング")
    if any(remarks):
        sign += f" ({'、'.join(remark for remark in remarks if remark)})"
    if len(stories) > 1:
        return _one_line(f"{sign} {len(stories)}件: {first.system} {_subjects(stories)}")
    return _one_line(f"{sign}: {first.system} {first.subject} {first.value}")


def facts(
    kind: NoticeKind, stories: Sequence[AlertStory], zone: ZoneInfo, now: datetime
) -> tuple[tuple[str, str], ...]:
    """Return label and value pairs in reading order."""
    first = stories[0]
    if len(stories) > 1:
        return (*_listed(stories), ("次にすること", _next(kind, first)))
    label = "理由" if kind is NoticeKind.NO_DATA else "測定値"
    told = [(label, first.value), ("しきい値", first.limit), ("対応中", first.taken_by)]
    if kind is NoticeKind.RECOVERED:
        ended_at = first.ended_at or now
        span = f"{moment(first.began_at, zone)} から {moment(ended_at, zone)} まで"
        told += [("復旧前の状態", _NAMES[first.condition]), ("期間", span)]
        told += [("継続時間", length(ended_at - first.began_at))]
    else:
        since = f"{moment(first.began_at, zone)} ({zone.key})、{length(now - first.began_at)}前"
        told += [("いつから", since), ("検知", moment(first.detected_at, zone))]
    told.append(("次にすること", _next(kind, first)))
    return tuple((name, value) for name, value in told if value)


def _subjects(stories: Sequence[AlertStory]) -> str:
    """Return the first few subjects; the notification itself lists more."""
    named = "、".join(dict.fromkeys(story.subject for story in stories[:_NAMED]))
    return named if len(stories) <= _NAMED else f"{named} ほか"


def _listed(stories: Sequence[AlertStory]) -> Iterator[tuple[str, str]]:
    for story in stories[:_LISTED]:
        value = f"{story.value} ({story.limit})" if story.limit else story.value
        row = story.citation.rpartition("/")[2]
        yield story.subject, f"{value} — {row}" if row else value
    if len(stories) > _LISTED:
        yield "ほか", f"{len(stories) - _LISTED}件。すべては Toban のページにあります"


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return *at* as people of *zone* write it."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def _next(kind: NoticeKind, story: AlertStory) -> str:
    if kind is NoticeKind.FIRING and story.advice:
        return story.advice
    return _NEXT[kind]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1] + "…"
