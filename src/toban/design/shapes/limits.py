"""Thresholds and targets as cells write them, including with a statistic or as a mere count in a row."""

import re
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from toban.design.section import normalise
from toban.design.shapes.measure import Tendency, is_time, tendency, tendency_below
from toban.design.shapes.shape import Ambiguous, ClausePlace, words
from toban.design.shapes.timing import read_when
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.metric import Metric
from toban.design.values.quantity import Quantity, read_quantity
from toban.design.values.severity import AlertLevel
from toban.design.values.threshold import Comparison, Range, Threshold, read_range, read_threshold
from toban.message import Message

_STATISTIC = words(
    r"(?P<name>\d+(?:\.\d+)?\s?(?:パーセンタイル|%ile|%タイル|(?:th )?percentile)|p\d\d)"
    r"(?:値)?\s?(?:で|が|:)?\s?(?=[<>=≤≥\d])"
)
_STATISTIC_BEHIND = words(
    r"\s*\((?P<name>\d+(?:\.\d+)?\s?(?:パーセンタイル|%ile|%タイル|(?:th )?percentile)|p\d\d)(?:値)?\)$"
)
_LEVELS = {
    AlertLevel.WARNING: r"警告|ワーニング|warn(?:ing)?s?",
    AlertLevel.CRITICAL: r"異常|危険|重大|緊急|crit(?:ical)?s?|page(?=s? (?:at|if|when|on)\b|\s*[:(<>≤≥=\d])",
}
_LEVEL_FIRST = words(
    "|".join(
        rf"(?:(?P<{level}>{names})\s*(?:\(\w+\))?\s*(?:at|if|when|on|:|は)?\s*(?P<{level}_limit>.*\d.*))"
        for level, names in _LEVELS.items()
    )
)
_LEVEL_LAST = words(
    "|".join(
        rf"(?:(?P<{level}_limit>.*\d.*?)\s*(?:で|は|なら|:|=|→|->)\s*(?P<{level}>{names}))"
        for level, names in _LEVELS.items()
    )
)
_BETWEEN_LEVELS = re.compile(r"[、,;/]\s*")
_IN_A_ROW = words(
    r"連続\s?(?P<n>\d+)\s?(?P<unit>回|日|週)?(?:以上)?(?:の?(?:失敗|エラー))?"
    r"|(?P<m>\d+)\s?(?P<each>回|日|週)連続(?:の?(?:失敗|エラー))?"
    r"|(?P<times>\d+) (?:consecutive|times in a row)(?: (?:failures|errors|times))?"
)
_STATE = re.compile(r"(\d+)\s*[(（][A-Za-z]+[)）]")
_STRAY = words(r"以外|以上|以下|未満|超|滞留|増加|継続|下回|上回|[をがでに]|\.|[;:!?]$")
_RATIO = re.compile(r"\w*_(?:rate|ratio)\w*")
_CAPPED = words(r"上限|制限|\b(?:limit(?:ed)?|cap(?:ped)?|quota|max(?:imum)?)\b")
_RATES = frozenset({"rps", "qps", "tps", "req/s", "iops"})
FALLS = words("下回|未満|以下|below|under|less")
RISES = words("超|上回|以上|above|over|exceed|greater|more")
"""Words of a comparison that stand beside a limit: 95% | 下回り時."""
_SIDES = {
    Comparison.AT_LEAST: Tendency.RISES,
    Comparison.ABOVE: Tendency.RISES,
    Comparison.AT_MOST: Tendency.FALLS,
    Comparison.BELOW: Tendency.FALLS,
}
_FAULT = words(
    r"^(?:low|high|slow|excessive|too|poor|stale|stuck)\b|(?:低下|悪化|高騰|過多|逼迫|枯渇|急増|異常|滞留)$"
)
"""Names of what is wrong, where a target names what is wanted."""
_SPANS = {"日": TimeUnit.DAY, "週": TimeUnit.WEEK}


def read_limit(text: str, of: str = "") -> Threshold | None:
    """Read one limit: 80%以上, 95パーセンタイルで3秒以内, 連続3回 (of what the row names as a failure).

    None also if words that change its meaning would be left in the unit (1000件以上滞留), or a second figure
    in brackets would take its place: 99.9% (< 9 h of downtime).
    """
    plain = normalise(text)
    threshold = _in_a_row(plain) or read_threshold(text, of) or _of_statistic(plain)
    if (
        threshold is None
        or _STRAY.search(threshold.limit.unit)
        # 上限の70%: a share of something else than what is measured.
        or threshold.subject.rstrip().endswith(("(", "-", "–", "—", ",", ";", "の"))
    ):
        return None
    return threshold


def _in_a_row(text: str) -> Threshold | None:
    """Read a mere count in a row: what the row names happens at least once, this many times running."""
    found = _IN_A_ROW.fullmatch(text)
    if found is None:
        return None
    count = int(found["n"] or found["m"] or found["times"])
    once = Threshold(Quantity(Decimal(1), "回"))
    span = _SPANS.get(found["unit"] or found["each"] or "")
    return (
        replace(once, sustained=Duration(Decimal(count), span)) if span else replace(once, consecutive=count)
    )


def _of_statistic(text: str) -> Threshold | None:
    found = _STATISTIC.match(text)
    behind = _STATISTIC_BEHIND.search(text)
    if behind is not None:
        threshold = read_threshold(text[: behind.start()])
        return replace(threshold, subject=threshold.subject or behind["name"]) if threshold else None
    threshold = read_threshold(text[found.end() :]) if found else None
    return replace(threshold, subject=found["name"]) if found and threshold else None


def read_levels(text: str) -> dict[AlertLevel, Threshold] | None:
    """Read limits that name their level: 警告 80%、異常 90%; warn > 75% for 10m; 80%以上で警告、95%で異常.

    None unless every part has a level and a limit, and no level appears twice.
    """
    found: dict[AlertLevel, Threshold] = {}
    for part in _BETWEEN_LEVELS.split(normalise(text).rstrip("。.")):
        # A longer part is prose, in which these patterns would search again from every digit.
        named = (_LEVEL_FIRST.fullmatch(part) or _LEVEL_LAST.fullmatch(part)) if len(part) <= 100 else None
        if named is None:
            return None
        level = next(level for level in _LEVELS if named[level])
        limit = read_limit(named[f"{level}_limit"])
        if limit is None or level in found:
            return None
        found[level] = limit
    return found


def read_normal(text: str) -> Range | None:
    """Read a normal range; `～70%` ends there, and `1 (ONLINE)` is only that value."""
    state = _STATE.fullmatch(text)
    if state is not None:
        value = Quantity(Decimal(state.group(1)))
        return Range(value, value)
    if text.startswith(("~", "〜", "～")):
        high = read_quantity(text[1:])
        return Range(None, high) if high else None
    return read_range(text)


def beside_normal(text: str, normal: Range | None) -> Threshold | None:
    """Read a warning span (70-90%) as the limit at which a value enters it from the normal range."""
    span = read_range(text)
    if span is None or span.low is None or span.high is None or normal is None:
        return None
    if normal.high is not None and _is_at_most(normal.high, span.low):
        return Threshold(span.low, Comparison.AT_LEAST)
    if normal.low is not None and _is_at_most(span.high, normal.low):
        return Threshold(span.high, Comparison.AT_MOST)
    return None


def compared(threshold: Threshold, when: str) -> Threshold:
    """Give a bare limit the comparison that other words state: 95% | 下回り時."""
    if not threshold.is_bare:
        return threshold
    if FALLS.search(normalise(when)):
        return replace(threshold, comparison=Comparison.BELOW, is_bare=False)
    if RISES.search(normalise(when)):
        return replace(threshold, comparison=Comparison.ABOVE, is_bare=False)
    return threshold


def directed(
    normal: Range | None, warning: Threshold | None, critical: Threshold | None, *, falls: bool = False
) -> tuple[Threshold | None, Threshold | None]:
    """Give bare limits (20% | 10%) their direction: away from the normal range, from warning to critical.

    A limit alone is reached by a value that *falls* to it if that is worse.
    """
    first = warning or critical
    if first is not None and normal is not None:
        falls = normal.low is not None and _is_at_most(first.limit, normal.low)
        falls = falls and (normal.high is None or first.limit.value < normal.high.value)
    elif warning is not None and critical is not None:
        falls = _is_at_most(critical.limit, warning.limit) and critical.limit != warning.limit
    return _turned(warning, falls=falls), _turned(critical, falls=falls)


def _is_at_most(one: Quantity, other: Quantity) -> bool:
    """Say whether *one* is at most *other*; False for quantities of different units (500ms, 1秒)."""
    return one.unit == other.unit and one.value <= other.value


def _turned(threshold: Threshold | None, *, falls: bool) -> Threshold | None:
    if threshold is None or not threshold.is_bare:
        return threshold
    if falls:
        return replace(threshold, comparison=Comparison.AT_MOST)
    # "0 (OFFLINE)" alone means exactly that value: everything measured is at least 0.
    return threshold if threshold.limit.value else replace(threshold, comparison=Comparison.EQUAL)


def as_share(threshold: Threshold) -> Threshold:
    """Turn error_rate > 0.01 in an expression, where rates are ratios, into 1%."""
    if not _RATIO.fullmatch(threshold.subject):
        return threshold
    limit = threshold.limit
    if limit.unit or not 0 < limit.value < 1:
        return threshold
    return replace(threshold, limit=Quantity(limit.value * 100, "%"))


def settled(metric: Metric | None, normal: Range | None, *thresholds: Threshold | None) -> None:
    """Raise `Ambiguous` if a bare number for a percentage may be meant as a ratio: 0.7 is 70% or 0.7%.

    One of the thresholds with its unit, or above 1, settles what the others mean; so do the ends of *normal*.
    """
    if metric is None or metric.unit != "%":
        return
    ends = (normal.low, normal.high) if normal is not None else ()
    for group in ([each.limit for each in thresholds if each is not None], ends):
        number = _ratio_or_percent([each for each in group if each is not None])
        if number is not None:
            share, percent = Quantity(number.value * 100, "%"), Quantity(number.value, "%")
            raise Ambiguous(Message("design.ratio-or-percent", number=number, share=share, percent=percent))


def _ratio_or_percent(numbers: Sequence[Quantity]) -> Quantity | None:
    if any(each.unit or abs(each.value) > 1 for each in numbers):
        return None
    return next((each for each in numbers if each.value), None)


def as_target(target: Threshold, name: str, place: ClausePlace) -> Threshold:
    """Give a bare target its direction: at most 500ms of response time, at least 99.9% availability.

    Raises `Ambiguous` if *name* is no service level, or if the direction can't be known.
    """
    said = tendency(name, target.limit)
    if said is Tendency.NO_LEVEL:
        raise Ambiguous(Message("design.no-service-level", words=name))
    if not target.is_bare:
        if _is_the_bad_side(target, name, said):
            raise Ambiguous(Message("design.level-is-no-item", words=f"{name}: {target}"))
        return target
    is_rate = target.within is not None or target.limit.unit.lower() in _RATES
    above = (tendency_below(each, target.limit, is_rate=is_rate) for each in reversed(place.section.words))
    extreme = _by_extreme(target)
    said = said or next(filter(None, above), None) or extreme
    is_count = target.limit.unit != "%" and not is_time(target.limit)
    is_capped = is_count and (_CAPPED.search(normalise(place.text)) or "最大" in name)
    if said is None or said is not (extreme or said) or is_capped or _is_date(target):
        raise Ambiguous(Message("design.target-without-direction", words=name, target=target.limit))
    return replace(target, comparison=Comparison.AT_MOST if said is Tendency.FALLS else Comparison.AT_LEAST)


def is_told(target: Threshold, name: str, heading: str) -> bool:
    """Say whether the figure's direction stands beside it, in its name, or in the *heading* above."""
    if not target.is_bare or _by_extreme(target) is not None:
        return True
    return (
        tendency(name, target.limit) is not None
        or tendency_below(heading, target.limit, is_rate=False) is not None
    )


def _is_the_bad_side(target: Threshold, name: str, said: Tendency | None) -> bool:
    """Say whether the figure is where trouble begins: Low Cache Hit Rate: < 80%, memory usage > 90%."""
    wanted = _SIDES.get(target.comparison)
    return _FAULT.search(normalise(name)) is not None or (None not in (said, wanted) and said is not wanted)


def _is_date(target: Threshold) -> bool:
    """Say whether it is a date rather than a limit: 毎月1日."""
    return bool(target.subject) and read_when(str(target)) is not None


def _by_extreme(target: Threshold) -> Tendency | None:
    """Return the only direction that says anything: at least 100%, at most 0."""
    if not target.limit.value:
        return Tendency.FALLS
    return Tendency.RISES if str(target.limit) == "100%" else None


def unanswered(threshold: Threshold | None) -> Threshold | None:
    """Count missing answers for 連続3回 of a probe: up is below 1 that many times."""
    if threshold is None or threshold.limit != Quantity(Decimal(1), "回"):
        return threshold
    return replace(threshold, comparison=Comparison.BELOW)
