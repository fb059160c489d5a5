"""A month of a large bill, and how well its end is foreseen.

`python -m benchmarks.cost` writes a million FOCUS rows as CSV and as Parquet, and prints how long each takes
from files to kept days, in a state database of its own, and whether every yen is attributed. Then it replays
months: what was foreseen on the tenth day beside what they came to, for shapes of spending that are stated
below, with days that differ by five percent anyway. The shapes are made up: they show what the method does,
not what a real bill will do.
"""

import math
import os
import random
import tempfile
import time
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import click
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
from benchmarks.figures import state

_ROWS, _SEEDS = 1_000_000, 20
_DAY = timedelta(days=1)
_FIRST, _TENTH = date(2026, 9, 1), date(2026, 11, 10)
_NOISE = 0.05

type Shape = Callable[[date, int], float]


def table(rows: int) -> tuple[pa.Table, Decimal]:
    """Return rows of a month of hours of many resources, and what they cost together."""
    some = random.Random(1)  # noqa: S311 - to be the same each time, not to be secret
    services = [f"Service {number}" for number in range(60)]
    costs = [f"{some.randint(0, 99_999_999)}e-8" for _ in range(rows)]
    begins = datetime(2026, 11, 1, tzinfo=UTC)
    hours = [f"{begins + timedelta(hours=number % 720):%Y-%m-%dT%H:%M:%SZ}" for number in range(720)]
    columns = {
        "BilledCost": [f"{Decimal(each):f}" for each in costs],
        "BillingCurrency": ["USD"] * rows,
        "ChargeCategory": ["Usage"] * rows,
        "ChargeFrequency": ["Usage-Based"] * rows,
        "ChargePeriodStart": [hours[number % 720] for number in range(rows)],
        "ResourceId": [f"arn:aws:ec2:ap-northeast-1:1:instance/i-{number:017x}" for number in range(rows)],
        "ServiceName": [services[number % 60] for number in range(rows)],
        "SubAccountId": [f"{number % 5:012}" for number in range(rows)],
        "Tags": [f'{{"team": "team-{number % 8}"}}' for number in range(rows)],
    }
    return pa.table(columns), sum(map(Decimal, costs), Decimal(0))


def taken_in(folder: Path) -> None:
    """Take in a million rows of each format, and state how long it took."""
    # Django must know its settings first.
    from benchmarks.cost.place import kept, place  # noqa: PLC0415

    made, whole = table(_ROWS)
    for name, write in (("csv", pyarrow.csv.write_csv), ("parquet", pq.write_table)):
        path = folder / f"focus.{name}"
        write(made, path)
        plan = place(folder, path)
        began = time.perf_counter()
        sums = kept(plan)
        took = time.perf_counter() - began
        off = abs(sums - whole)
        click.echo(
            f"{name}: {_ROWS:,} rows, {path.stat().st_size / 2**20:.0f} MB, in {took:.1f} s; off by {off} USD"
        )
        state(f"a million FOCUS rows ({name})", took, "s", most=15)
        state(f"USD that are lost of {whole:,.0f} ({name})", float(off), "USD", most=0.01)


def foreseen() -> None:
    """State how far what is foreseen on the tenth day is from what months came to."""
    from toban.chapters.cost.spending.amounts import Spending  # noqa: PLC0415
    from toban.chapters.cost.spending.forecast import last_of, month_end  # noqa: PLC0415

    shapes: Mapping[str, Shape] = {
        "flat": lambda _day, _number: 1000,
        "weekly": lambda day, _number: 400 if day.weekday() > 4 else 1000,
        "a fifth more each month": lambda _day, number: 1000 * math.pow(1.2, number / 30),
        "half as much again since the 2nd": lambda day, _number: 1500 if day >= date(2026, 11, 2) else 1000,
    }
    for name, shape in shapes.items():
        worst = 0.0
        for seed in range(_SEEDS):
            chance = random.Random(seed)  # noqa: S311 - to be the same each time, not to be secret
            real = Spending("JPY")
            for number in range(91):
                day = _FIRST + number * _DAY
                amount = shape(day, number) * chance.uniform(1 - _NOISE, 1 + _NOISE)
                real.used[day] = Decimal(str(round(amount, 4)))
            known = Spending("JPY")
            known.used.update({on: each for on, each in real.used.items() if on <= _TENTH})
            came = real.between(_TENTH.replace(day=1), last_of(_TENTH))
            said = month_end(known, _TENTH, _FIRST)
            worst = max(worst, abs(float((said or Decimal(0)) / came - 1)))
        click.echo(f"foreseen on day 10, {name}: off by {worst:.1%} at worst of {_SEEDS}")
        state(f"off on day 10, {name}", worst * 100, "%", most=5)


@click.command(help=__doc__)
def main() -> None:
    """Run the benchmark."""
    foreseen()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["TOBAN_HOME"] = folder
        taken_in(Path(folder))


if __name__ == "__main__":
    main()
