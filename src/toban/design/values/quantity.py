"""Numbers with a unit: 70%, 500ms, 100GB, 2台, 8,000ユニット/日."""

import re
from dataclasses import dataclass
from decimal import Decimal

from toban.design.values.normal import plain
from toban.message import Message
from toban.message import plain as verbatim


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number and its unit as the document wrote it, in normal form (`%`, `ms`, `GB`, `台`, or ``)."""

    value: Decimal
    unit: str = ""

    def __str__(self) -> str:
        return f"{self.value.normalize():,f}{self.unit}"

    @property
    def message(self) -> Message:
        """The quantity in the reader's language: 10件, 10 items; a unit of all languages stays as it is."""
        name = _NAMES.get(self.unit)
        if name is None:
            return verbatim(str(self))
        is_whole = self.value == self.value.to_integral_value()
        return Message(name, count=int(self.value) if is_whole else f"{self.value.normalize():,f}")


_NAMES = {
    "件": "design.quantity-of-items",
    "回": "design.quantity-of-times",
    "秒": "common.seconds",
    "分": "common.minutes",
    "時間": "common.hours",
    "日": "common.days",
}


_PREFIXES = "KMGTP"
BYTES = {
    "B": 1,
    "kB": 1000,
    **{f"{prefix}B": 1000**power for power, prefix in enumerate(_PREFIXES, start=1)},
    **{f"{prefix}iB": 1024**power for power, prefix in enumerate(_PREFIXES, start=1)},
}
"""Bytes per unit: GB counts in thousands, as disks and clouds are sold; GiB in steps of 1,024."""

NUMBER = r"(?P<number>[+-]?\d{1,15}(?:,\d{3})*(?:\.\d{1,9})?)(?P<scale>[万億KMkM](?![a-zA-Z]))?"
"""A number's pattern, optionally followed by 万, 億, K or M; match it on `plain` text."""

_SCALES = {"": 1, "万": 10**4, "億": 10**8, "K": 10**3, "k": 10**3, "M": 10**6}
_UNIT = r"[^\d\s<>=≤≥~+,.:()\[\]-][^\d\s<>=≤≥~+,:()\[\]]{0,11}"
QUANTITY = rf"{NUMBER} ?(?P<unit>{_UNIT})?"
QUANTITY_BEFORE_WORDS = rf"{NUMBER} ?(?P<unit>{_UNIT}?)??"
"""Like `QUANTITY`, with the unit as short as the following text allows (80%以上)."""
_QUANTITY = re.compile(QUANTITY)
_SPELLINGS = {
    "パーセント": "%",
    "percent": "%",
    "ミリ秒": "ms",
    "msec": "ms",
    "second": "秒",
    "seconds": "秒",
    "sec": "秒",
    "s": "秒",
    "minute": "分",
    "minutes": "分",
    "min": "分",
    "hour": "時間",
    "hours": "時間",
    "h": "時間",
    "days": "日",
    "day": "日",
}


def quantity_of(match: re.Match[str]) -> Quantity:
    """Return the quantity in a match of `NUMBER`, with or without a group `unit`."""
    value = Decimal(match["number"].replace(",", "")) * _SCALES[match["scale"] or ""]
    unit = (match["unit"] or "") if "unit" in match.re.groupindex else ""
    return Quantity(value, _SPELLINGS.get(unit.lower(), unit))


def read_quantity(text: str) -> Quantity | None:
    """Read a number with its unit, if it has one: 70%, 2台, 100万行."""
    match = _QUANTITY.fullmatch(plain(text))
    return quantity_of(match) if match else None
