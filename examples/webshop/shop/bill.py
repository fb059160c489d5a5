"""The shop's bill, in FOCUS: an example's prices, for the time that its processes really ran.

Nobody charges for the example. Each minute the processes that run are counted, and what a cloud might ask for
them is added to their day; the days before the shop was opened are charged for the processes that it is
designed with. `ChargeDescription` says which of the two a row is.
"""

import csv
import json
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import psutil

EVERY = 60.0
"""Seconds between two looks."""
MEASURED = "Example price for the measured time of processes"
ASSUMED = "Example price for the designed processes: before the shop was opened"
_DAY = timedelta(days=1)
_HOURS = Decimal(24)
_BEFORE = 40
"""Days before the opening that are charged."""


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of one process costs."""

    service: str
    yen: Decimal
    programs: tuple[str, ...]
    """One of them is among its arguments."""
    designed: int
    """How many there are by design."""
    listed: Decimal = Decimal(0)
    """The public price, where less is paid because it was bought for a term."""


PRICES = (
    Price("Amazon Elastic Compute Cloud", Decimal(72), ("front.py", "shop.api"), 3),
    Price("Amazon Relational Database Service", Decimal(165), ("postgres",), 1, Decimal(240)),
    Price("Amazon Simple Storage Service", Decimal(38), ("shop.web",), 1),
    Price("Elastic Load Balancing", Decimal(41), ("caddy",), 1),
)

type Usage = dict[str, dict[str, float]]
"""Day → service → hours of its processes."""


def keep_billing(place: Path) -> None:
    """Count what runs and write the bill, now and every minute."""
    folder = place / "costs"
    folder.mkdir(mode=0o750, exist_ok=True)
    last = time.monotonic()
    while True:
        count(folder, counted(place), datetime.now(UTC).date(), min(time.monotonic() - last, 2 * EVERY))
        last = time.monotonic()
        time.sleep(EVERY)


def counted(place: Path) -> Mapping[str, int]:
    """Return how many processes of each service run for the shop at *place*."""
    found = dict.fromkeys((each.service for each in PRICES), 0)
    for process in psutil.process_iter(("cmdline", "name")):
        arguments = process.info["cmdline"] or ()
        for price in PRICES:
            if _is_of(arguments, price, place):
                found[price.service] += 1
    return found


def _is_of(arguments: Sequence[str], price: Price, place: Path) -> bool:
    names = {Path(each).name for each in arguments}
    # The shop's own folder is named by its database and its proxy; its programs have names that no other has.
    is_here = any(str(place) in each for each in arguments) or names & {"front.py", "shop.api"}
    return bool(names & set(price.programs)) and bool(is_here)


def count(folder: Path, processes: Mapping[str, int], today: date, seconds: float) -> None:
    """Add *seconds* of *processes* to the hours of *today*, and write the bill in *folder* anew."""
    kept = folder / "hours.json"
    usage: Usage = json.loads(kept.read_text()) if kept.exists() else {}
    day = usage.setdefault(today.isoformat(), {})
    for service, number in processes.items():
        day[service] = round(day.get(service, 0.0) + number * seconds / 3600, 6)
    _write(kept, json.dumps(usage))
    draft = folder / ".focus.csv"
    with draft.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([HEAD, *rows(usage)])
    draft.replace(folder / "focus.csv")


def _write(path: Path, text: str) -> None:
    draft = path.with_name(f".{path.name}")
    draft.write_text(text)
    draft.replace(path)


HEAD = (
    "BilledCost",
    "BillingAccountId",
    "BillingCurrency",
    "ChargeCategory",
    "ChargeDescription",
    "ChargeFrequency",
    "ChargePeriodEnd",
    "ChargePeriodStart",
    "CommitmentDiscountStatus",
    "ConsumedQuantity",
    "ConsumedUnit",
    "EffectiveCost",
    "ListCost",
    "ProviderName",
    "ServiceName",
)


def rows(usage: Usage) -> Iterator[tuple[str, ...]]:
    """Yield the rows of the bill: the days before the first that was measured, and every day since."""
    opened, newest = date.fromisoformat(min(usage)), date.fromisoformat(max(usage))
    for number in range(_BEFORE, 0, -1):
        for price in PRICES:
            yield _row(opened - number * _DAY, price, price.designed * _HOURS, ASSUMED)
    for number in range((newest - opened).days + 1):
        day = opened + number * _DAY
        # On a day on which the shop was closed nothing ran, and nothing is charged.
        hours = usage.get(day.isoformat(), {})
        for price in PRICES:
            yield _row(day, price, Decimal(str(hours.get(price.service, 0))), MEASURED)


def _row(day: date, price: Price, hours: Decimal, said: str) -> tuple[str, ...]:
    cost, listed = f"{hours * price.yen:f}", f"{hours * (price.listed or price.yen):f}"
    begins, ends = (f"{each}T00:00:00Z" for each in (day, day + _DAY))
    charged = (cost, "shop", "JPY", "Usage", said, "Usage-Based", ends, begins)
    used = ("Used" if price.listed else "", f"{hours:f}", "Hours", cost, listed)
    return (*charged, *used, "Toban example", price.service)
