"""Toban's findings beside those of pip-audit and debsecan, on the same made-up records.

Both are asked with the addresses of their services pointed at a server here. That of pip-audit answers as
OSV does, and compares versions with `packaging`; debsecan gets the fixed versions, which it compares as apt
does. pip-audit is installed into an environment that goes again; debsecan must be on the path.
"""

import json
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import venv
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from zipfile import ZIP_DEFLATED, ZipFile

from packaging.version import Version

from toban.chapters.vulnerabilities.advisories.mirror import read_mirror
from toban.chapters.vulnerabilities.inventories.reading.distribution import read_host
from toban.chapters.vulnerabilities.inventories.reading.locks import read_lock
from toban.chapters.vulnerabilities.matching import match
from toban.chapters.vulnerabilities.package import Package
from toban.chapters.vulnerabilities.scan import installed_as
from toban.engine.clock import system_clock

_PACKAGES, _EACH = 150, 8
_TIMEOUT = 170
_PRE, _POST = ("", "", "", "a1", "b2", "rc1", ".dev3"), ("", "", "", ".post1")

type Found = set[tuple[str, str]]
"""Package and vulnerability."""


def beside_pip_audit() -> tuple[int, int] | None:
    """Return how many findings there are, and how many only one of both has; None without pip-audit."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        program = _pip_audit(folder / "venv")
        if program is None:
            return None
        some = random.Random(2)  # noqa: S311 - to be the same each time, not to be secret
        installed = {f"package-{n}": _python_version(some) for n in range(_PACKAGES)}
        records = [
            _record(f"CVE-2026-{n}", "PyPI", f"package-{n % _PACKAGES}", _ranges(some))
            for n in range(_PACKAGES * _EACH)
        ]
        lock = folder / "requirements.txt"
        lock.write_text("".join(f"{package}=={version}\n" for package, version in installed.items()))
        packages = list(read_lock(lock.name, lock.read_text()))
        ours = {
            (each.name, vulnerability) for each, vulnerability in _toban(folder, "PyPI", records, packages)
        }
        with _serving(_osv(records)) as url:
            theirs = _by_pip_audit(program, lock, f"{url}/v1/query")
    return len(ours | theirs), len(ours ^ theirs)


def beside_debsecan(versions: Sequence[str]) -> tuple[int, int] | None:
    """Return the same beside debsecan, about packages of *versions* of Debian; None without it."""
    if (program := shutil.which("debsecan")) is None:
        return None
    some = random.Random(3)  # noqa: S311 - to be the same each time, not to be secret
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        status = folder / "status"
        status.write_text("".join(_paragraph(n, some.choice(versions)) for n in range(_PACKAGES)))
        fixed = {
            f"CVE-2026-{n}": (f"source-{n % _PACKAGES}", some.choice(versions) if n % 10 else "")
            for n in range(_PACKAGES * _EACH)
        }
        records = [
            _record(cve, "Debian:12", package, [[{"introduced": "0"}, *([{"fixed": at}] if at else [])]])
            for cve, (package, at) in fixed.items()
        ]
        listing = f"ID=debian\nVERSION_ID=12\n== dpkg\n{status.read_text()}"
        packages = list(read_host(listing))
        ours = set(_toban(folder, "Debian:12", records, packages))
        told = {(name, cve) for package, cve in ours for name in installed_as(packages)[package]}
        with _serving({"/bookworm": _for_debsecan(fixed)}) as url:
            theirs = _by_debsecan(program, status, url)
    return len(told | theirs), len(told ^ theirs)


def _toban(
    folder: Path, ecosystem: str, records: Sequence[Mapping[str, Any]], packages: Sequence[Package]
) -> Iterator[tuple[Package, str]]:
    (folder / "osv" / ecosystem).mkdir(parents=True)
    with ZipFile(folder / "osv" / ecosystem / "all.zip", "w", ZIP_DEFLATED) as archive:
        for each in records:
            archive.writestr(f"{each['id']}.json", json.dumps(each))
    plain = list(installed_as(packages))
    wanted = frozenset((each.ecosystem, each.name) for each in plain)
    known = read_mirror(folder / "osv", wanted, system_clock()).known
    for found in match(plain, known).found:
        yield found.package, found.name


def _record(
    cve: str, ecosystem: str, package: str, ranges: Sequence[Sequence[Mapping[str, str]]]
) -> dict[str, Any]:
    return {
        "id": cve,
        "modified": "2026-11-24T00:00:00Z",
        "affected": [
            {
                "package": {"ecosystem": ecosystem, "name": package},
                "ranges": [{"type": "ECOSYSTEM", "events": list(each)} for each in ranges],
            }
        ],
    }


def _python_version(some: random.Random) -> str:
    epoch = "1!" if some.random() < 0.05 else ""
    release = ".".join(str(some.randint(0, 4)) for _ in range(some.randint(1, 3)))
    return f"{epoch}{release}{some.choice(_PRE) or some.choice(_POST)}"


def _ranges(some: random.Random) -> Sequence[Sequence[Mapping[str, str]]]:
    """Return one range or two, in order: from a version, or the beginning, to its fix or its last version."""
    bounds: dict[Version, str] = {}
    while len(bounds) < 4:
        drawn = _python_version(some)
        bounds.setdefault(Version(drawn), drawn)
    first, second, third, last = (bounds[each] for each in sorted(bounds))
    ranges = [[{"introduced": some.choice(("0", first))}, {"fixed": second}]]
    if some.random() < 0.5:
        ranges.append([{"introduced": third}, {some.choice(("fixed", "last_affected")): last}])
    return ranges


def _is_affected(record: Mapping[str, Any], version: Version) -> bool:
    for each in record["affected"][0]["ranges"]:
        first, last = each["events"]
        ((kind, end),) = last.items()
        has_begun = first["introduced"] == "0" or Version(first["introduced"]) <= version
        is_over = version > Version(end) if kind == "last_affected" else version >= Version(end)
        if has_begun and not is_over:
            return True
    return False


def _osv(records: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    def answered(asked: Mapping[str, Any]) -> bytes:
        name, version = asked["package"]["name"], Version(asked["version"])
        found = [
            each
            for each in records
            if each["affected"][0]["package"]["name"] == name and _is_affected(each, version)
        ]
        return json.dumps({"vulns": found} if found else {}).encode()

    return {"/v1/query": answered}


def _for_debsecan(fixed: Mapping[str, tuple[str, str]]) -> bytes:
    """Return what its service gives: the names, then what is known of each source package."""
    names = "".join(f"{cve},,made up\n" for cve in fixed)
    known = "".join(f"{package},{n},S  F,{at},\n" for n, (package, at) in enumerate(fixed.values()))
    return zlib.compress(f"VERSION 1\n{names}\n{known}\n\n".encode())


def _paragraph(number: int, version: str) -> str:
    return (
        f"Package: binary-{number}\nStatus: install ok installed\nArchitecture: amd64\n"
        f"Source: source-{number} ({version})\nVersion: 9:1-{number}\n\n"
    )


@contextmanager
def _serving(answers: Mapping[str, Any]) -> Iterator[str]:
    """Serve *answers* by path: bytes, or what makes them of the JSON that is posted."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._answer(answers.get(self.path))

        def do_POST(self) -> None:
            asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
            self._answer(answers[self.path](asked))

        def _answer(self, body: bytes | None) -> None:
            self.send_response(200 if body is not None else 404)
            self.send_header("content-length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_said: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def _pip_audit(place: Path) -> Path | None:
    """Return pip-audit in an environment of its own at *place*; None if it can't be had."""
    if found := shutil.which("pip-audit"):
        return Path(found)
    venv.create(place, with_pip=True)
    asked = [str(place / "bin" / "python"), "-m", "pip", "install", "-q", "pip-audit>=2.9"]
    done = subprocess.run(asked, capture_output=True, check=False, timeout=_TIMEOUT)
    program = place / "bin" / "pip-audit"
    return program if done.returncode == 0 and program.exists() else None


def _by_pip_audit(program: Path, lock: Path, url: str) -> Found:
    asked = [
        str(program),
        "-r",
        str(lock),
        "--no-deps",
        "--disable-pip",
        "-s",
        "osv",
        "--osv-url",
        url,
        "-f",
        "json",
    ]
    done = subprocess.run(asked, capture_output=True, text=True, check=False, timeout=_TIMEOUT)
    try:
        told = json.loads(done.stdout)["dependencies"]
    except ValueError:
        sys.exit(f"pip-audit: {done.stderr.strip()}")
    return {(each["name"], one["id"]) for each in told for one in each["vulns"]}


def _by_debsecan(program: str, status: Path, url: str) -> Found:
    asked = [program, "--source", url, "--suite", "bookworm", "--status", str(status), "--format", "simple"]
    done = subprocess.run(
        [*asked, "--config", "/dev/null"], capture_output=True, text=True, check=False, timeout=_TIMEOUT
    )
    if done.returncode:
        sys.exit(f"debsecan: {done.stderr.strip()}")
    return {(package, cve) for cve, package in (line.split() for line in done.stdout.splitlines())}
