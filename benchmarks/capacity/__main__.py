"""How wrong forecasts of usage are, beside `predict_linear`: `python -m benchmarks.capacity [FILE …]`.

A FILE holds a real series: lines of a date and a value, separated by a comma.
"""

import csv
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import click
import numpy as np
from benchmarks.capacity.least_squares import FOUR_WEEKS, SIX_HOURS, predict_linear
from benchmarks.capacity.stated import HELD_OUT, HISTORY, KINDS, Floats, Stated, stated
from benchmarks.figures import state

from toban.chapters.capacity.forecasting.forecast import Forecast, Unforecastable, forecast
from toban.chapters.capacity.forecasting.series import UsageSeries

METHOD = f"""Method: the last {HELD_OUT} days of each series are held out; a year before them is known
(kind `short`: 35 to 85 days). An error is the mean of |forecast - value| / value over the days held out;
"inside" is the share of these days that lie in the 90% interval; "own" is the back-tested error that a
forecast states. `predict_linear` sees the quarter-hourly samples, Toban the median of each day. What each
kind is made of stands in stated.py. The methods were developed on other seeds than those reported. The ends
of a real series are held out in turn, with up to a year before each; the line sees the median of each day."""
DEVELOPED_ON = (1, 2, 3, 4, 5)
REPORTED = (101, 102, 103)
RESOURCES = 1_000
ORIGINS = 12
"""So many ends of a real series are held out in turn."""


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one series."""

    kind: str
    error: float | None
    """None: Toban refused, with *reason*."""
    reason: str
    inside: float
    own: float
    six_hours: float | None
    four_weeks: float | None


def result(kind: str, known: UsageSeries, came: Floats, lines: Iterable[Floats | None]) -> Result:
    """Compare what came after *known* with Toban's forecast and with *lines*."""
    found = forecast(known, len(came))
    errors = (error(line, came) if line is not None else None for line in lines)
    if isinstance(found, Unforecastable):
        return Result(kind, None, found.reason, 0, 0, *errors)
    return Result(kind, error(found.values, came), "", inside(found, came), found.error, *errors)


def error(line: Floats, came: Floats) -> float:
    """Return the mean absolute percentage error of *line*, as a share; days without a value are left out."""
    known = np.isfinite(came) & (came != 0)
    return float(np.mean(np.abs(line - came)[known] / np.abs(came[known])))


def inside(found: Forecast, came: Floats) -> float:
    """Return the share of the known days that lie in the interval."""
    known = np.isfinite(came)
    return float(np.mean((found.low <= came)[known] & (came <= found.high)[known]))


def of_stated(each: Stated) -> Result:
    """Return the result of a stated series."""
    daily, samples = each.daily, each.samples[:-HELD_OUT]
    lines = (predict_linear(samples, window) for window in (SIX_HOURS, FOUR_WEEKS))
    return result(each.kind, UsageSeries(each.first, daily[:-HELD_OUT]), daily[-HELD_OUT:], lines)


def of_file(path: Path) -> Iterator[Result]:
    """Yield the results of the series in *path*, whose ends are held out in turn."""
    with path.open(encoding="utf-8", newline="") as lines:
        read = {
            date.fromisoformat(line[0][:10]): float(line[1]) for line in csv.reader(lines) if _is_dated(line)
        }
    first = min(read)
    days = [first + timedelta(days=number) for number in range((max(read) - first).days + 1)]
    values = np.array([read.get(day, np.nan) for day in days])
    latest = len(values) - HELD_OUT
    for end in np.unique(np.linspace(latest // 2, latest, ORIGINS).astype(int)).tolist():
        start = max(end - HISTORY, 0)
        known = UsageSeries(days[start], values[start:end])
        line = predict_linear(known.values[:, np.newaxis], 28)
        yield result(path.stem, known, values[end : end + HELD_OUT], (None, line))


def _is_dated(line: Sequence[str]) -> bool:
    return len(line) > 1 and line[0][:4].isdigit()


def quantile(errors: Iterable[float | None], share: float) -> str:
    """Return a quantile of *errors* as a percentage; those that are None are left out."""
    known = [each for each in errors if each is not None]
    return f"{np.quantile(known, share):8.1%}" if known else f"{'-':>8}"


def line_of(name: str, results: Sequence[Result]) -> str:
    """Return a line of the table."""
    answered = [each for each in results if each.error is not None]
    columns = [
        f"{name[:17]:<18}{len(results):>6}{len(results) - len(answered):>8}",
        *(quantile((each.error for each in answered), share) for share in (0.5, 0.9, 1)),
        f"{np.mean([each.inside for each in answered]):8.1%}" if answered else f"{'-':>8}",
        quantile((each.own for each in answered), 0.5),
        *(quantile((each.six_hours for each in results), share) for share in (0.5, 0.9)),
        *(quantile((each.four_weeks for each in results), share) for share in (0.5, 0.9)),
    ]
    return "".join(columns)


def print_table(title: str, kinds: Iterable[str], results: Sequence[Result]) -> None:
    """Print a line for each kind, and one for all."""
    print(f"\n{title}")
    print(f"{'':32}{'Toban':^48}{'line, 6 hours':^16}{'line, 28 days':^16}")
    print(f"{'kind':<18}{'series':>6}{'refused':>8}" + f"{'median':>8}{'p90':>8}{'worst':>8}", end="")
    print(f"{'inside':>8}{'own':>8}" + f"{'median':>8}{'p90':>8}" * 2)
    for kind in kinds:
        print(line_of(kind, [each for each in results if each.kind == kind]))
    print(line_of("all", results))
    for kind, reason in sorted({(each.kind, each.reason) for each in results if each.reason}):
        print(f"refused: {kind}: {reason}")


def print_speed() -> None:
    """Print how long the forecasts of many resources take."""
    series = [each for seed in DEVELOPED_ON for each in stated(seed) if len(each.samples) > HISTORY]
    known = [UsageSeries(each.first, each.daily[:HISTORY]) for each in series]
    wall, cpu = time.perf_counter(), time.process_time()
    for number in range(RESOURCES):
        forecast(known[number % len(known)], HISTORY)
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(
        f"\n{RESOURCES:,} resources of {HISTORY} days, forecast for as many: {wall:.1f} s, {cpu:.1f} s of CPU"
    )


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(files: tuple[Path, ...]) -> None:
    """Print the errors of stated series, of real ones in FILES, and how long many resources take."""
    print(METHOD)
    for title, seeds in (("developed on", DEVELOPED_ON), ("reported", REPORTED)):
        results = [of_stated(each) for seed in seeds for each in stated(seed)]
        print_table(
            f"{title}: seeds {', '.join(map(str, seeds))}", [kind.__name__ for kind in KINDS], results
        )
        own, line = (
            float(np.quantile([each for each in errors if each is not None], 0.5)) * 100
            for errors in ([each.error for each in results], [each.six_hours for each in results])
        )
        state(f"{title}: median error", own, "%", peer=("predict_linear of 6 hours", line))
    if files:
        real = [each for path in files for each in of_file(path)]
        print_table("real series", [path.stem for path in files], real)
    else:
        print("\nNo real series: no installed package ships one of usage by the day. Name files to add some.")
    print_speed()


if __name__ == "__main__":
    main()
