"""Versions beside dpkg's own comparison, and packages compared with advisories.

`python -m benchmarks.inventory` prints how many of 10,000 pairs of Debian versions come out otherwise than by
`dpkg --compare-versions`, and how much processor time a scan of 5,000 packages takes: reading a mirror with
twenty advisories about each, and comparing. Medians of five. It also prints how many findings differ from
those of pip-audit and debsecan on the same records, and says which of them is missing.
"""

import json
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import click
from benchmarks.figures import state
from benchmarks.inventory.beside import beside_debsecan, beside_pip_audit

from toban.chapters.vulnerabilities.advisories.mirror import Advisories, read_mirror
from toban.chapters.vulnerabilities.matching import match
from toban.chapters.vulnerabilities.package import Package
from toban.chapters.vulnerabilities.versions import is_at_most, version_of
from toban.engine.clock import system_clock

_PAIRS, _PACKAGES, _ADVISORIES, _TURNS = 10_000, 5_000, 20, 5
_LETTERS = "0123456789abz.+~"


def pairs() -> list[tuple[str, str]]:
    """Return pairs of versions, half of them alike but for their end."""
    some = random.Random(1)  # noqa: S311 - to be the same each time, not to be secret

    def rest(most: int) -> str:
        return "".join(some.choice(_LETTERS) for _ in range(some.randint(0, most)))

    def version() -> str:
        epoch = f"{some.randint(0, 2)}:" if some.random() < 0.2 else ""
        revision = f"-{some.randint(0, 30)}{rest(5)}" if some.random() < 0.7 else ""
        return f"{epoch}{some.randint(0, 30)}.{rest(6)}{revision}"

    firsts = [version() for _ in range(_PAIRS)]
    ends = ("~", "~rc1", "+b1", "+deb12u3", ".0", "a", "0")
    return [(one, one + some.choice(ends) if some.random() < 0.5 else version()) for one in firsts]


def differences() -> int | None:
    """Return how many pairs come out otherwise than by dpkg; None without it."""
    if (dpkg := shutil.which("dpkg")) is None:
        return None
    wrong = 0
    for one, other in pairs():
        for word, holds in (
            ("lt", version_of("Debian", one) < version_of("Debian", other)),
            ("le", version_of("Debian", one) <= version_of("Debian", other)),
        ):
            asked = [dpkg, "--compare-versions", one, word, other]
            if (subprocess.run(asked, capture_output=True, check=False).returncode == 0) is not holds:
                wrong += 1
                break
    return wrong


def mirror(folder: Path) -> list[Package]:
    """Write a mirror about so many packages of Debian, and return them as installed."""
    packages = [Package("Debian:12", f"package-{n}", f"1.{n % 40}-{n % 7}+deb12u2") for n in range(_PACKAGES)]
    (folder / "Debian").mkdir()
    with ZipFile(folder / "Debian" / "all.zip", "w", ZIP_DEFLATED) as archive:
        for number in range(_PACKAGES * _ADVISORIES):
            package = packages[number % _PACKAGES]
            events = [{"introduced": "0"}, {"fixed": f"1.{number % 60}-{number % 5}+deb12u{number % 4}"}]
            record = {
                "id": f"CVE-2026-{number}",
                "modified": "2026-11-24T00:00:00Z",
                "details": "x" * 400,
                "affected": [
                    {
                        "package": {"ecosystem": package.ecosystem, "name": package.name},
                        "ranges": [{"type": "ECOSYSTEM", "events": events}],
                    }
                ],
            }
            archive.writestr(f"{record['id']}.json", json.dumps(record))
    return packages


def median[T](act: Callable[[], T]) -> tuple[float, T]:
    """Return the median processor seconds of *act*, and what it returned last."""
    seconds = []
    for _ in range(_TURNS):
        began = time.process_time()
        found = act()
        seconds.append(time.process_time() - began)
    return statistics.median(seconds), found


@click.command()
def main() -> None:
    """Print differences to dpkg, and the time of a scan."""
    wrong = differences()
    print(
        f"versions: {'dpkg is missing' if wrong is None else f'{wrong} of {_PAIRS} pairs differ from dpkg'}"
    )
    for peer, compared in (
        ("pip-audit", beside_pip_audit()),
        ("debsecan", beside_debsecan(sorted({each for pair in pairs()[:2000] for each in pair}))),
    ):
        if compared is None:
            print(f"findings: {peer} is missing")
            continue
        count, differ = compared
        print(f"findings: {differ} of {count:,} differ from {peer}")
        state(f"findings that differ from {peer}", differ, "", most=0)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        packages = mirror(folder)
        wanted = frozenset((each.ecosystem, each.name) for each in packages)
        reading, known = median(lambda: read_mirror(folder, wanted, system_clock()))
        comparing, found = median(lambda: _match(packages, known))
    print(f"mirror of {_PACKAGES * _ADVISORIES:,} advisories read in {reading:.2f} s")
    rate, whole = found / comparing, reading + comparing
    if wrong is not None:
        state("pairs that differ from dpkg", wrong, "", most=0)
    state("comparisons", rate, "/s", least=100_000)
    state("scan of 5,000 packages", whole, "s", most=10)
    print(
        f"{len(packages):,} packages compared in {comparing:.2f} s: {rate:,.0f} comparisons/s"
        " (wanted 100,000); whole scan "
        f"{whole:.2f} s (wanted 10 s)"
    )


def _match(packages: list[Package], known: Advisories) -> int:
    version_of.cache_clear()
    is_at_most.cache_clear()
    return match(packages, known.known).compared


if __name__ == "__main__":
    main()
