"""Lock files: what an application is built with, at which versions. Pure."""

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import orjson

from toban.chapters.vulnerabilities.package import Package

_PINNED = re.compile(
    r"^(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*)(?:\[[^\]]*\])?\s*===?\s*(?P<version>[^\s;#,\\]+)"
)
_INSTALLS_NOTHING = re.compile(r"$|#|-(?!r|e|-requirement|-editable)")
"""Of lines of requirements: remarks and options, but those that name what else is installed."""
_LOGIN = re.compile(r"(?<=://)[^/\s@]*@")
_GEM = re.compile(r"^ {4}(?P<name>\S+) \((?P<version>[^)]+)\)$", re.MULTILINE)
_SUM = re.compile(r"^(?P<name>\S+) v(?P<version>[^\s/]+) h1:", re.MULTILINE)
_LONGEST_SAID = 200
_FOLDER = "node_modules/"


class NotALock(Exception):
    """The file is not what its name says, or its name is unknown."""


class Unpinned(NotALock):
    """A requirement without an exact version: nobody knows what is installed."""


def read_lock(name: str, written: str) -> Iterator[Package]:
    """Yield the packages in the lock file called *name*; raise `NotALock`."""
    reader = next((each for pattern, each in READERS.items() if re.fullmatch(pattern, name)), None)
    if reader is None:
        raise NotALock(name)
    try:
        yield from reader(written)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise NotALock(name) from error


def _requirements(written: str) -> Iterator[Package]:
    for line in map(str.strip, written.splitlines()):
        if found := _PINNED.match(line):
            yield Package("PyPI", found["name"], found["version"])
        elif not _INSTALLS_NOTHING.match(line):
            raise Unpinned(_LOGIN.sub("", line)[:_LONGEST_SAID])


def _toml(ecosystem: str, table: str = "package") -> Callable[[str], Iterator[Package]]:
    def read(written: str) -> Iterator[Package]:
        for each in tomllib.loads(written)[table]:
            # A project's own entry may have none.
            if isinstance(version := each.get("version"), str) and not _is_own(each):
                yield Package(ecosystem, each["name"], version)

    return read


def _is_own(entry: Mapping[str, Any]) -> bool:
    source = entry.get("source", {})
    # PEP 751 says it of the entry itself.
    marks = {*source, *entry.keys()} if isinstance(source, dict) else entry.keys()
    return bool({"editable", "virtual", "directory"} & marks)


def _npm(written: str) -> Iterator[Package]:
    """Read the versions 2 and 3, which npm writes since 2020."""
    for path, each in orjson.loads(written)["packages"].items():
        if _FOLDER in path and not each.get("link"):
            name = each.get("name") or path.rpartition(_FOLDER)[2]
            yield Package("npm", name, each["version"])


def _composer(written: str) -> Iterator[Package]:
    lock = orjson.loads(written)
    for each in (*lock["packages"], *lock.get("packages-dev", ())):
        yield Package("Packagist", each["name"], each["version"].removeprefix("v"))


def _gems(written: str) -> Iterator[Package]:
    if "GEM\n" not in written:
        raise NotALock
    for found in _GEM.finditer(written):
        yield Package("RubyGems", found["name"], found["version"].partition("-")[0])


def _go(written: str) -> Iterator[Package]:
    for found in _SUM.finditer(written):
        yield Package("Go", found["name"], found["version"])


READERS: Mapping[str, Callable[[str], Iterator[Package]]] = {
    r".*\.txt": _requirements,
    r"package-lock\.json|npm-shrinkwrap\.json": _npm,
    r"poetry\.lock|uv\.lock": _toml("PyPI"),
    r"pylock(?:\..*)?\.toml": _toml("PyPI", "packages"),
    r"Cargo\.lock": _toml("crates.io"),
    r"composer\.lock": _composer,
    r"Gemfile\.lock": _gems,
    r"go\.sum": _go,
}
"""The pattern of a file's name → what reads it."""
