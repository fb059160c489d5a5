"""Idle memory of all processes of a running Toban: `python -m benchmarks.memory [--home var]`.

Prints the proportional set size (what would be freed if the process ended; shared pages count by share) of
every process that `toban up` keeps running, and of the supervisor.
"""

import json
from pathlib import Path

import click
import psutil
from benchmarks.figures import Lacking, state

from toban.engine.supervision.home import processes_file

MIB = 1024**2


def proportional_set(pid: int) -> int:
    """Return the bytes of *pid* and of all processes it started, each shared page counted by its share."""
    process = psutil.Process(pid)
    family = [process, *process.children(recursive=True)]
    return sum(member.memory_full_info().pss for member in family)


@click.command()
@click.option(
    "--home", type=click.Path(path_type=Path, file_okay=False), default=Path("var"), show_default=True
)
def main(home: Path) -> None:
    """Print the memory of each process of the `toban up` that runs in HOME, and the sums."""
    try:
        shown = json.loads(processes_file(home).read_text(encoding="utf-8"))
        supervisor = psutil.Process(shown["supervisor"]).memory_full_info().pss
    except (FileNotFoundError, psutil.NoSuchProcess) as missing:
        raise Lacking(f"no `toban up` runs in {home}") from missing
    sizes = {each["name"]: proportional_set(each["pid"]) for each in shown["processes"] if each["pid"]}
    own = supervisor + sum(size for name, size in sizes.items() if not name.startswith("shop-"))
    for name, size in {"toban up": supervisor, **sizes}.items():
        print(f"{name:<14} {size / MIB:7.1f} MiB")
    print(f"{'Toban':<14} {own / MIB:7.1f} MiB")
    state("Toban", own / MIB, "MiB")
    print(f"{'with the shop':<14} {(supervisor + sum(sizes.values())) / MIB:7.1f} MiB")


if __name__ == "__main__":
    main()
