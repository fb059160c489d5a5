"""The words of a notice: what happened, to which row, since when, and what to do next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.notice import NoticeKind
from toban.engine.notify.signal import Condition

_MARKS = {
    Condition.CRITICAL: f"{Verdict.DEVIATING.mark} 異常",
    Condition.WARNING: f"{Verdict.WARNING.mark} 警告",
    Condition.NO_DATA: f"{Verdict.NOT_MEASURABLE.mark} 測定不能",
    Condition.OK: f"{Verdict.CONFORMING.mark} 復旧",
}
_NAMES = {Condition.CRITICAL: "異常", Condition.WARNING: "警告", Condition.NO_DATA: "測定不能"}
_NEXT = {
    NoticeKind.FIRING: "この行の推移とログを確かめ、影響の範囲を切り分けてください",
    NoticeKind.NO_DATA: "測定元が動いているか、接続と認証を確かめてください",
    NoticeKind.RECOVERED: "対応は要りません。原因が分かっていなければ記録を残してください",
}
_LONGEST_TITLE = 250


@dataclass(frozen=True, slots=True)
class Story:
    """What there is to tell of an alert."""

    subject: str
    condition: Condition
    """The trouble: still there, or just over."""
    value: str
    limit: str
    advice: str
    began_at: datetime
    detected_at: datetime
    ended_at: datetime | None
    system: str = ""
    """The system's name: people may be told of several."""


def title(kind: NoticeKind, story: Story, before: Condition | None = None) -> str:
    """Return the one line that says it all; *before* is the condition told last, where it was another."""
    mark = _MARKS[Condition.OK if kind is NoticeKind.RECOVERED else story.condition]
    if kind is not NoticeKind.RECOVERED and before is not None and before is not story.condition:
        mark += f" ({_NAMES[before]}から)"
    return _one_line(f"{mark}: {story.system} {story.subject} {story.value}")


def facts(kind: NoticeKind, story: Story, zone: ZoneInfo, now: datetime) -> tuple[tuple[str, str], ...]:
    """Return label and value pairs in the order in which they are read."""
    label = "理由" if kind is NoticeKind.NO_DATA else "測定値"
    told = [(label, story.value), ("しきい値", story.limit)]
    if kind is NoticeKind.RECOVERED:
        ended_at = story.ended_at or now
        span = f"{moment(story.began_at, zone)} から {moment(ended_at, zone)} まで"
        told += [("続いていたこと", _NAMES[story.condition]), ("期間", span)]
        told += [("続いた時間", spell(ended_at - story.began_at))]
    else:
        since = f"{moment(story.began_at, zone)} ({zone.key})、{spell(now - story.began_at)}前"
        told += [("いつから", since), ("検知", moment(story.detected_at, zone))]
    told.append(("次にすること", _next(kind, story)))
    return tuple((name, value) for name, value in told if value)


def moment(at: datetime, zone: ZoneInfo) -> str:
    """Return *at* as people of *zone* write it."""
    return f"{at.astimezone(zone):%Y-%m-%d %H:%M:%S}"


def spell(length: timedelta) -> str:
    """Return *length* as people say it, in its two greatest units: 2日3時間, 1時間5分, 12秒."""
    seconds = max(0, int(length.total_seconds()))
    days, seconds = divmod(seconds, 86_400)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    parts = [(days, "日"), (hours, "時間"), (minutes, "分"), (seconds, "秒")]
    first = next((index for index, (amount, _) in enumerate(parts) if amount), len(parts) - 1)
    shown = [f"{amount}{unit}" for amount, unit in parts[first : first + 2] if amount]
    return "".join(shown) or "0秒"


def _next(kind: NoticeKind, story: Story) -> str:
    if kind is NoticeKind.FIRING and story.advice:
        return story.advice
    return _NEXT[kind]


def _one_line(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_TITLE else line[: _LONGEST_TITLE - 1] + "…"
