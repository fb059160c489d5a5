"""Thresholds and targets as cells write them: also with their statistic, and as a mere count in a row."""

from dataclasses import replace
from decimal import Decimal

from toban.design.clauses.shape import words
from toban.design.section import normalise
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.quantity import Quantity
from toban.design.values.threshold import Threshold, read_threshold

_STATISTIC = words(
    r"(?P<name>\d+(?:\.\d+)?\s?(?:パーセンタイル|%ile|%タイル|(?:th )?percentile)|p\d\d)"
    r"(?:値)?\s?(?:で|が|:)?\s?(?=[<>=≤≥\d])"
)
_IN_A_ROW = words(
    r"連続\s?(?P<n>\d+)\s?(?P<unit>回|日|週)?(?:以上)?(?:の?(?:失敗|エラー))?"
    r"|(?P<m>\d+)\s?(?P<each>回|日|週)連続(?:の?(?:失敗|エラー))?"
    r"|(?P<times>\d+) (?:consecutive|times in a row)(?: (?:failures|errors|times))?"
)
_STRAY = words("以外|以上|以下|未満|超|滞留|増加|継続")
_SPANS = {"日": TimeUnit.DAY, "週": TimeUnit.WEEK}


def read_limit(text: str) -> Threshold | None:
    """Read one limit: 80%以上, 95パーセンタイルで3秒以内, 連続3回 (of what the row names as a failure).

    None also where words that change its meaning would be left over in the unit (1000件以上滞留).
    """
    plain = normalise(text)
    threshold = _in_a_row(plain) or read_threshold(text) or _of_statistic(plain)
    return None if threshold is None or _STRAY.search(threshold.limit.unit) else threshold


def _in_a_row(text: str) -> Threshold | None:
    """Only a count in a row: what the row names happens at least once, that many times without a break."""
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
    threshold = read_threshold(text[found.end() :]) if found else None
    return replace(threshold, subject=found["name"]) if found and threshold else None
