"""What a host's distribution has installed: dpkg's and apk's databases, and what rpm lists. Pure.

deb-src-control(5), dpkg(1); https://wiki.alpinelinux.org/wiki/Apk_spec; rpm(8)
"""

import re
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from toban.chapters.vulnerabilities.package import Package

_RPM_FORMAT = r"%{NAME}\t%{EPOCHNUM}:%{VERSION}-%{RELEASE}\n"
_MARK = "== "
SCRIPT = f"""
cat "$1/etc/os-release" || exit 1
if [ -r "$1/var/lib/dpkg/status" ]; then echo "{_MARK}dpkg"; cat "$1/var/lib/dpkg/status"
elif [ -r "$1/lib/apk/db/installed" ]; then echo "{_MARK}apk"; cat "$1/lib/apk/db/installed"
else echo "{_MARK}rpm"; rpm --root "${{1:-/}}" -qa --qf {shlex.quote(_RPM_FORMAT)}
fi
"""
"""Asks a host what is installed; its one argument is the root folder, without a slash at its end."""

_SOURCE = re.compile(r"(?P<name>\S+)(?:\s+\((?P<version>[^)]+)\))?")
_MAJOR = re.compile(r"\d+")
_MAJOR_MINOR = re.compile(r"\d+\.\d+")
_BY_MAJOR = {"debian": "Debian", "almalinux": "AlmaLinux", "rocky": "Rocky Linux"}
_NOT_THERE = (" not-installed", " config-files")
"""States of dpkg. In all others its files are there: that its triggers wait makes no package safe."""
_LTS = re.compile(r"\d*[02468]\.04")
"""Of Ubuntu: the April of each even year."""


class NotAListing(Exception):
    """It is not what `SCRIPT` writes; `system` is the distribution, if it is one without advisories."""

    def __init__(self, system: str = "") -> None:
        super().__init__(system)
        self.system = system


def read_host(written: str) -> Iterator[Package]:
    """Yield the packages that `SCRIPT` told of; raise `NotAListing`."""
    release, mark, rest = written.partition(f"\n{_MARK}")
    manager, _, listing = rest.partition("\n")
    reader = _READERS.get(manager)
    if not mark or reader is None:
        raise NotAListing
    ecosystem = ecosystem_of(_release(release))
    return (
        Package(ecosystem, each.source, each.version, each.name if each.name != each.source else "")
        for each in reader(listing)
    )


def ecosystem_of(release: Mapping[str, str]) -> str:
    """Return the ecosystem, as OSV writes it, of a host by its os-release(5); raise `NotAListing`."""
    system, version = release.get("ID", ""), release.get("VERSION_ID", "")
    major, both = _MAJOR.match(version), _MAJOR_MINOR.match(version)
    if system in _BY_MAJOR and major:
        return f"{_BY_MAJOR[system]}:{major[0]}"
    if system == "alpine" and both:
        return f"Alpine:v{both[0]}"
    if system == "ubuntu" and both:
        return f"Ubuntu:{both[0]}" + (":LTS" if _LTS.fullmatch(both[0]) else "")
    if system == "opensuse-leap" and both:
        return f"openSUSE:Leap {both[0]}"
    raise NotAListing(release.get("PRETTY_NAME", system))


@dataclass(frozen=True, slots=True)
class _Installed:
    name: str
    source: str
    version: str
    """Of the source."""


def _release(written: str) -> Mapping[str, str]:
    pairs = (line.partition("=") for line in written.splitlines())
    return {name.strip(): value.strip().strip("\"'") for name, mark, value in pairs if mark}


def _dpkg(listing: str) -> Iterator[_Installed]:
    for paragraph in listing.split("\n\n"):
        fields = _fields(paragraph, ": ")
        name, version = fields.get("Package", ""), fields.get("Version", "")
        if not name or not version or fields.get("Status", "").endswith(_NOT_THERE):
            continue
        source = _SOURCE.match(fields.get("Source", ""))
        if source is None:
            yield _Installed(name, name, version)
        else:
            yield _Installed(name, source["name"], source["version"] or version)


def _apk(listing: str) -> Iterator[_Installed]:
    for paragraph in listing.split("\n\n"):
        fields = _fields(paragraph, ":")
        if (name := fields.get("P")) and (version := fields.get("V")):
            yield _Installed(name, fields.get("o", name), version)


def _rpm(listing: str) -> Iterator[_Installed]:
    for line in listing.splitlines():
        name, mark, version = line.partition("\t")
        # Public keys are listed as packages, too.
        if mark and name != "gpg-pubkey":
            # Their advisories name each package that is built of a source.
            yield _Installed(name, name, version.removeprefix("0:"))


def _fields(paragraph: str, separator: str) -> Mapping[str, str]:
    lines = (line for line in paragraph.splitlines() if not line.startswith((" ", "\t")))
    return {name: value for name, mark, value in (line.partition(separator) for line in lines) if mark}


_READERS = {"dpkg": _dpkg, "apk": _apk, "rpm": _rpm}
