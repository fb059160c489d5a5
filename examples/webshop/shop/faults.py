"""Break the shop on purpose, and mend it again, for game days: `python -m shop.faults break web`.

Each may be repeated: breaking what is broken, and mending what is whole, changes nothing. Runs where Toban
runs its commands, in the folder of the shop's bindings.
"""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from shop import bad_version
from shop.switches import Switches

FOLDER_SIZE = 512_000_000
"""Of the folder of the access logs, as the bindings say it."""
FULL = 0.96
OLD = timedelta(days=120)
"""Older than the document keeps access logs: what fills the folder is what a clean-up may delete."""
_CHUNKS = 12
_FROM = datetime(2001, 1, 1, tzinfo=UTC)
"""The days of the files that fill the folder: no real log is so old."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A way to break the shop."""

    begin: Callable[[], None]
    mend: Callable[[], None]


def stop(name: str) -> Fault:
    """Return the fault of a program that is stopped, as an operator would stop it."""
    return Fault(lambda: processes("--stop", name), lambda: processes("--start", name))


def processes(*arguments: str) -> None:
    """Have `toban processes` do it, in the home of the Toban that runs this."""
    command = [sys.executable, "-m", "toban", "processes", "--home", str(Path.cwd().parent), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def fill() -> None:
    """Fill the folder of the access logs with files that are older than they are kept."""
    folder = Path(os.environ["SHOP_LOGS"])
    taken = sum(each.stat().st_size for each in folder.iterdir() if not _is_filling(each))
    size = max(int(FOLDER_SIZE * FULL) - taken, 0) // _CHUNKS
    if size * _CHUNKS > shutil.disk_usage(folder).free:
        raise click.ClickException(f"{folder}: not enough room on the disk itself")
    old = (datetime.now(UTC) - OLD).timestamp()
    for path in _filling(folder):
        with path.open("wb") as file:
            # Blocks of the file system are taken, but nothing is written.
            os.posix_fallocate(file.fileno(), 0, max(size, 1))
        os.utime(path, (old, old))


def clean() -> None:
    """Remove what `fill` has left."""
    for path in _filling(Path(os.environ["SHOP_LOGS"])):
        path.unlink(missing_ok=True)


def _filling(folder: Path) -> list[Path]:
    days = (_FROM + timedelta(days=number) for number in range(_CHUNKS))
    return [folder / f"access.log.{day:%Y-%m-%d}" for day in days]


def _is_filling(path: Path) -> bool:
    return path in _filling(path.parent)


def slow() -> None:
    """Have the API's query for the products take its time."""
    Switches.of_the_shop().turn("slow", on=True)


def fast() -> None:
    """Have it be fast again, and ask the database each time, as before."""
    switches = Switches.of_the_shop()
    switches.turn("slow", on=False)
    # A moment for what is still asked slowly: a cache that is switched off now would show it.
    time.sleep(2)
    switches.turn("cache", on=False)


FAULTS: Mapping[str, Fault] = {
    "web": stop("shop-web"),
    "db": stop("shop-db"),
    "disk": Fault(fill, clean),
    "slow": Fault(slow, fast),
    "bad-version": Fault(bad_version.ship, bad_version.take_back),
}


@click.group()
def main() -> None:
    """Break the shop, or mend it."""


@main.command("break")
@click.argument("name", type=click.Choice(list(FAULTS)))
def begin(name: str) -> None:
    """Break it."""
    FAULTS[name].begin()
    click.echo(f"broken: {name}")


@main.command()
@click.argument("name", type=click.Choice(list(FAULTS)))
def mend(name: str) -> None:
    """Mend it, whoever has mended it before."""
    FAULTS[name].mend()
    click.echo(f"mended: {name}")


if __name__ == "__main__":
    main()
