"""Two Tokyo years of every schedule that people write, beside an independent computation.

`python -m benchmarks.schedules` prints, for each schedule, how many due times a predicate over days, holidays
and minutes finds (nothing of it uses Toban's calendar), and how many of them Toban loses or doubles.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from zoneinfo import ZoneInfo

import click
from benchmarks.figures import state
from tests.unit.engine.calendar.test_against_brute_force import (
    CASES,
    LINES,
    cron_minutes,
    expected_of,
    found_in,
    one,
)

ZONE = "Asia/Tokyo"


def compared() -> Iterator[tuple[str, Sequence[datetime], Sequence[datetime]]]:
    """Yield each schedule with its due times as expected, and as Toban finds them."""
    zone = ZoneInfo(ZONE)
    for text, falls_on, clocks in CASES:
        yield text, expected_of(falls_on, clocks, zone), found_in(one(text), ZONE)
    for line in LINES:
        yield line, list(cron_minutes(line, zone)), found_in(one(line), ZONE)


@click.command()
def main() -> None:
    """Print the due times of each schedule, and what is lost or doubled."""
    total = Counter[str]()
    print("  due  lost  doubled  schedule")
    for text, expected, found in compared():
        lost = len(set(expected) - set(found))
        doubled = sum((Counter(found) - Counter(expected)).values())
        total += Counter(due=len(expected), lost=lost, doubled=doubled, schedules=1)
        print(f"{len(expected):>5}  {lost:>4}  {doubled:>7}  {text}")
    print("{schedules} schedules: {due} due, {lost} lost, {doubled} doubled".format_map(total))
    for what in ("lost", "doubled"):
        state(what, total[what], f"of {total['due']:,}", most=0)


if __name__ == "__main__":
    main()
