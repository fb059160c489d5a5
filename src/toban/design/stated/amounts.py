"""Lengths, counts, sizes and money: whether two are the same, and a cell that says another. Pure."""

import re
from collections.abc import Iterator
from decimal import Decimal

from toban.design.stated.value import CellTexts, TimeReckoning
from toban.design.values.duration import (
    DURATION,
    Duration,
    Forever,
    Generations,
    Retention,
    TimeUnit,
    duration_of,
)
from toban.design.values.money import Money
from toban.design.values.normal import plain as folded
from toban.design.values.quantity import BYTES, Quantity, read_quantity
from toban.message import Message, plain

_DURATION = re.compile(DURATION, re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?")
_MARKS = "*_` "
_CLOSE = Decimal("0.01")
"""Two sizes that differ by less are the same, rounded."""
_DAYS = {TimeUnit.MONTH: (28, 31), TimeUnit.YEAR: (365, 366)}
"""How many days one may have: 3年 are 1,095 days, or the 1,096 that a system offers."""
_FOREVER = {"ja": "無期限", "en": "forever"}
_DAY = {"ja": "日", "en": " days"}
_MOST_DECIMALS = 3
_SIZES = ("B", "kB", "MB", "GB", "TB", "PB")


def same_retention(stated: Retention, real: Retention, _by: TimeReckoning) -> bool:
    """Return whether both are equally long; a month and a year as any calendar may have them."""
    if isinstance(stated, Forever) or isinstance(real, Forever):
        return stated == real
    least, most = (float(stated.amount) * each for each in _DAYS.get(stated.unit, (0, 0)))
    days = real.as_timedelta().total_seconds() / 86400
    return least <= days <= most if most else stated.as_timedelta() == real.as_timedelta()


def said_retention(kept: Retention) -> Message:
    """Return it in the reader's language."""
    return Message("design.kept-forever") if isinstance(kept, Forever) else kept.message


def retention_words(real: Retention, cells: CellTexts, language: str) -> Iterator[CellTexts]:
    """Yield the cell with another length in it, or with nothing else."""
    if "retention" not in cells:
        return
    written = cells["retention"]
    match = _DURATION.search(written)
    if isinstance(real, Duration) and match is not None:
        length = _in_unit_of(real, match, language)
        yield {"retention": written[: match.start()] + length + written[match.end() :]}
    whole = _FOREVER[language] if isinstance(real, Forever) else _in_days(real, language)
    yield {"retention": _inside_marks(written, whole)}


def _in_unit_of(real: Duration, match: re.Match[str], language: str) -> str:
    """Return *real* in the unit that is written, if it is a whole number of these; else in days."""
    written = duration_of(match)
    unit = written.unit if written is not None else TimeUnit.DAY
    count = real.as_timedelta() / Duration(Decimal(1), unit).as_timedelta()
    if unit is TimeUnit.MONTH or count != int(count) or count < 1:
        return _in_days(real, language)
    behind = match.group()[len(match["amount"]) :]
    return f"{int(count)}{_counted(behind, int(count))}"


def _counted(unit: str, count: int) -> str:
    """Return an English unit in the singular or the plural: 1 day, 30 days."""
    if not unit.strip().isascii() or len(unit.strip()) < len("day"):
        return unit
    return unit.removesuffix("s") if count == 1 else f"{unit.removesuffix('s')}s"


def _in_days(real: Duration, language: str) -> str:
    days = real.as_timedelta().total_seconds() / 86400
    if days != int(days):
        return str(real)
    return f"{int(days)}{_counted(_DAY[language], int(days))}"


def _inside_marks(written: str, text: str) -> str:
    """Return *text* with the marks around what is *written*: bold stays bold."""
    bare = written.lstrip(_MARKS)
    before, after = written[: len(written) - len(bare)], bare[len(bare.rstrip(_MARKS)) :]
    return f"{before}{text}{after}"


def same_generations(stated: Generations, real: Generations, _by: TimeReckoning) -> bool:
    """Return whether as many are kept."""
    return stated == real


def said_generations(kept: Generations) -> Message:
    """Return it in the reader's language."""
    return Message("design.kept-generations", count=kept.count)


def generation_words(real: Generations, cells: CellTexts, _language: str) -> Iterator[CellTexts]:
    """Yield the cell with another count; 保持期間 | 4世代 states it, too."""
    for role in ("generations", "retention"):
        yield from _with_number(role, Decimal(real.count), cells)


def same_quantity(stated: Quantity, real: Quantity, _by: TimeReckoning) -> bool:
    """Return whether both are equally much, rounded; sizes in whatever unit. Others count in one unit."""
    if (stated.unit in BYTES) is not (real.unit in BYTES):
        return False
    return abs(_counted_in_bytes(stated) - _counted_in_bytes(real)) <= _CLOSE * _counted_in_bytes(stated)


def _counted_in_bytes(quantity: Quantity) -> Decimal:
    """Return a size in bytes, and anything else as it is."""
    return quantity.value * Decimal(BYTES.get(quantity.unit, 1))


def said_quantity(limit: Quantity) -> Message:
    """Return it in the reader's language; bytes in the largest unit of which there is one."""
    if limit.unit != "B":
        return limit.message
    fitting = (unit for unit in reversed(_SIZES) if limit.value >= BYTES[unit])
    unit = next(fitting, "B")
    return plain(f"{limit.value / BYTES[unit]:,.4g} {unit}")


def quantity_words(real: Quantity, cells: CellTexts, _language: str) -> Iterator[CellTexts]:
    """Yield the cell with another number, in its own unit."""
    written = read_quantity(folded(cells.get("limit", "").strip(_MARKS)))
    if written is not None:
        yield from _with_number("limit", _counted_in_bytes(real) / BYTES.get(written.unit, 1), cells)


def same_money(stated: Money, real: Money, _by: TimeReckoning) -> bool:
    """Return whether both are the same amount in the same currency."""
    return stated == real


def said_money(amount: Money) -> Message:
    """Return it as it is written everywhere."""
    return plain(str(amount))


def money_words(real: Money, cells: CellTexts, _language: str) -> Iterator[CellTexts]:
    """Yield the cell with another amount."""
    yield from _with_number("monthly", real.amount, cells)


def _with_number(role: str, value: Decimal, cells: CellTexts) -> Iterator[CellTexts]:
    """Yield the cell with *value* for its only number, as it is or in thousands, 万 and the like."""
    written = cells.get(role, "")
    numbers = _NUMBER.findall(written)
    if len(numbers) != 1:
        return
    for scale in (1, 10**3, 10**4, 10**6, 10**8):
        exact = round(value / scale, _MOST_DECIMALS).normalize()
        figure = f"{exact:,f}" if "," in numbers[0] else f"{exact:f}"
        yield {role: _NUMBER.sub(figure, written)}
