"""From an alert to its incident, pages of a long one, and drafts: `python -m benchmarks.incident`.

Each of the programs beside this one runs by itself, too: it needs Django with another home.
"""

import subprocess
import sys

import click

PROGRAMS = ("declaring", "reports")


@click.command(help=__doc__)
def main() -> None:
    for program in PROGRAMS:
        click.secho(program, bold=True)
        subprocess.run([sys.executable, "-m", f"benchmarks.incident.{program}"], check=True)


if __name__ == "__main__":
    main()
