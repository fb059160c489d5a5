"""Thresholds and targets as cells write them, with their statistic (95パーセンタイルで3秒以内)."""

from dataclasses import replace

from toban.design.clauses.shape import words
from toban.design.section import normalise
from toban.design.values.threshold import Threshold, read_threshold

_STATISTIC = words(
    r"(?P<name>\d+(?:\.\d+)?\s?(?:パーセンタイル|%ile|%タイル|(?:th )?percentile)"
    r"|p\d\d)(?:値)?\s?(?:で|が|:)?\s?(?=[<>=≤≥\d])"
)
_IN_A_ROW = "連続"
_STRAY = words("以上|以下|未満|超|滞留|増加|継続")


def read_limit(text: str) -> Threshold | None:
    """Read one limit; None too where words that change its meaning would be left over in the unit."""
    threshold = read_threshold(text) or _of_statistic(normalise(text))
    if threshold is None or _STRAY.search(threshold.limit.unit):
        return None
    unit = threshold.limit.unit
    if not unit.endswith(_IN_A_ROW):
        return threshold
    # 3回連続 is 連続3回.
    return replace(
        threshold, limit=replace(threshold.limit, unit=unit.removesuffix(_IN_A_ROW)), subject=_IN_A_ROW
    )


def _of_statistic(text: str) -> Threshold | None:
    found = _STATISTIC.match(text)
    threshold = read_threshold(text[found.end() :]) if found else None
    return replace(threshold, subject=found["name"]) if found and threshold else None
