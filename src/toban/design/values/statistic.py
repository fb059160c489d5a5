"""Statistics that conditions are about: 5分平均, p95, 95パーセンタイル, avg(5m), latency_p95."""

import re
from dataclasses import dataclass
from decimal import Decimal

from toban.design.values.duration import DURATION, Duration, duration_of
from toban.design.values.normal import plain

_PERCENTILE = re.compile(
    r"(?<![a-z\d])p ?(?P<short>\d\d(?:\.\d+)?)(?:値)?(?![\w.])"
    r"|(?P<long>\d\d(?:\.\d+)?) ?(?:パーセンタイル|%ile|%タイル|(?:th )?percentile)(?:値)?",
    re.IGNORECASE,
)
_MEAN = re.compile(r"(?:移動)?平均(?:値)?|\b(?:moving )?(?:avg|average|mean)\b", re.IGNORECASE)
_WINDOW = re.compile(rf"(?:直近|過去)?{DURATION}(?:間)?(?:以内)?(?:の|に|で)?", re.IGNORECASE)
_LEFT_OVER = re.compile(r"^[\s()、,:のでがは]+|[\s()、,:のでがは]+$|[(] *[)]")


@dataclass(frozen=True, slots=True)
class Statistic:
    """What of the readings is compared with a limit: their mean, or a percentile of single requests."""

    percentile: Decimal | None
    """None means the mean."""
    window: Duration | None = None
    """Over which time; None if the text does not say."""


def read_statistic(text: str) -> tuple[Statistic | None, str]:
    """Return the statistic that *text* names, and what it is of: `latency p95` is p95 of `latency`.

    None, with *text* as it is, if it names none.
    """
    rest = plain(text).replace("_", " ")
    percentile, mean = _PERCENTILE.search(rest), _MEAN.search(rest)
    named = percentile or mean
    if named is None:
        return None, text
    rest = rest[: named.start()] + " " + rest[named.end() :]
    window = _WINDOW.search(rest)
    if window is not None:
        rest = rest[: window.start()] + " " + rest[window.end() :]
    number = (percentile["short"] or percentile["long"]) if percentile else None
    statistic = Statistic(Decimal(number) if number else None, duration_of(window) if window else None)
    return statistic, _bare(rest)


def _bare(text: str) -> str:
    before = None
    while text != before:
        before, text = text, _LEFT_OVER.sub("", text)
    return " ".join(text.split())
