"""Lengths of time as documents write them: 90日, 1年, 8.76時間, 5分, 1営業日, 30 minutes."""

from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum


class TimeUnit(StrEnum):
    """A unit of time; months and years are calendar units, business days need a calendar."""

    MILLISECOND = "ms"
    SECOND = "秒"
    MINUTE = "分"
    HOUR = "時間"
    DAY = "日"
    BUSINESS_DAY = "営業日"
    WEEK = "週間"
    MONTH = "ヶ月"
    YEAR = "年"


@dataclass(frozen=True, slots=True)
class Duration:
    """A length of time in the unit the document wrote, so that 1年 stays a calendar year."""

    amount: Decimal
    unit: TimeUnit


@dataclass(frozen=True, slots=True)
class Forever:
    """永続, 無期限: kept without end."""


@dataclass(frozen=True, slots=True)
class Generations:
    """世代: how many copies are kept, the newest first."""

    count: int


Retention = Duration | Forever
