"""dnf and rpm: Red Hat, AlmaLinux, Rocky Linux, Fedora. Pure.

A package is named with its architecture, `curl:x86_64`: a host may have several. Looking takes no rights.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from toban.chapters.patching.bindings import PatchGroupBinding
from toban.chapters.patching.manager import ManagerKind
from toban.chapters.patching.managers.sections import BOOT, HEAD, boot_of, demand, sections, words
from toban.chapters.patching.upgrade import HostLook, Simulation, Upgrade

_DNF = "dnf -q"
_EVERY = "'--setopt=*.skip_if_unavailable=0'"
"""A repository that can't be reached is no repository without fixes; Fedora passes over it. dnf.conf(5)."""
_UPGRADE = "--setopt=install_weak_deps=False upgrade"
_HAS_NEWER = 100
"""The status of `check-update` if there are any. dnf(8)."""
_FORM = "%{NAME}:%{ARCH} %|EPOCH?{%{EPOCH}:}|%{VERSION}-%{RELEASE}\\n"
_LOCKED = re.compile(r"!?(?P<name>.+)-\d+:")
_END_OF_LIST, _END_OF_TABLE = "Obsoleting Packages", "Transaction Summary"
_HEADING = re.compile(r"(?P<what>[A-Z][a-z ]+):")
_REPLACED = re.compile(r" +replacing +(?P<name>\S+)")
_RUNNING_KERNEL = "Security: "
"""Begins what it says among the packages while an older kernel runs than is installed."""
_UPDATEINFO = """cache=$(dnf -v repolist 2>/dev/null | sed -n 's/^cachedir: *//p' | tail -n 1)
for each in "$cache" "$HOME/.cache/libdnf5" /var/cache/libdnf5; do
  ls -1t "$each"/*/repodata/repomd.xml 2>/dev/null
done | while read -r file; do
  kept=${file%/repodata/repomd.xml} kept=${kept##*/}
  if grep -q 'type="updateinfo"' "$file"; then echo "with ${kept%-*}"; else echo "without ${kept%-*}"; fi
done
"""
"""Prints of each repository whether its metadata hold advisories: dnf says nothing where they don't. What was
fetched last comes first; folders are named by the repository and a digest of its address."""
_UNITS = ("k", "M", "G")
_NEEDS_REBOOT = "Reboot is required"


class Dnf:
    """See `PackageManager`."""

    program = "dnf"

    def look(self, become: str, *, refreshes: bool) -> str:  # noqa: ARG002 - it needs no rights
        """See `PackageManager`."""
        update = (
            f"section update\n{_DNF} {_EVERY} makecache --refresh 2>&1\nsection update $?\n"
            if refreshes
            else ""
        )
        return f"""{HEAD}{update}section newer
{_DNF} check-update 2>/dev/null
section newer $?
section security
{_DNF} --security check-update 2>/dev/null
section security $?
section updateinfo
{_UPDATEINFO}section unlocked
{_DNF} --disableplugin=versionlock check-update 2>/dev/null
section held
{_DNF} versionlock list 2>/dev/null
section unfinished
{_DNF} check --duplicates 2>/dev/null
section installed
rpm -qa --qf {words(_FORM)}
section reboot
{_DNF} needs-restarting -r 2>/dev/null
section restarts
{_DNF} needs-restarting -s 2>/dev/null
{BOOT}"""

    def read_look(self, written: str) -> HostLook:
        """See `PackageManager`."""
        found = sections(written)
        if "update" in found:
            demand(found, "update")
        for name in ("newer", "security"):
            demand(found, name, well=(0, _HAS_NEWER))
        old = _versions(found.get("installed", ()))
        security = set(_newer(found["security"]))
        newer = list(_newer(found["newer"]))
        back = [each for each in _newer(found.get("unlocked", ())) if each not in newer]
        return HostLook(
            available=tuple(
                Upgrade(name, old.get(name, ""), version, (name, version) in security)
                for name, version in newer
            ),
            unrated=tuple(_unrated(found, security)),
            held=tuple(match["name"] for line in found.get("held", ()) if (match := _LOCKED.match(line))),
            kept_back=tuple(Upgrade(name, old.get(name, ""), version) for name, version in back),
            unfinished=" ".join(each.strip() for each in found.get("unfinished", ())),
            needs_reboot=any(_NEEDS_REBOOT in line for line in found.get("reboot", ())),
            restarts=tuple(each for each in found.get("restarts", ()) if each.endswith(".service")),
            boot=boot_of(found),
        )

    def simulate(self, wanted: Sequence[Upgrade]) -> str:
        """See `PackageManager`."""
        names = words(*(each.name.replace(":", ".") for each in wanted))
        return f"""{HEAD}section upgrade
dnf --assumeno {_UPGRADE} {_named(wanted)} 2>&1
section installed
rpm -q --qf {words(_FORM)} {names} 2>/dev/null
section services
rpm -ql {names} 2>/dev/null | sed -n 's|.*/systemd/system/||p' | grep '^[^/]*[.]service$'
"""

    def read_simulation(self, written: str) -> Simulation:
        """See `PackageManager`."""
        found = sections(written)
        lines = found.get("upgrade", ())
        # It answers "no" by the same status as an error.
        if _END_OF_TABLE not in lines:
            demand(found, "upgrade")
        old = _versions(found.get("installed", ()))
        rows = list(_table(lines))
        return Simulation(
            tuple(
                Upgrade(name, old.get(name, ""), version)
                for what, name, version in rows
                if what == "Upgrading" or what.startswith("Installing")
            ),
            (
                *(name for what, name, _ in rows if what.startswith(("Removing", "Downgrading"))),
                *(match["name"] for line in lines if (match := _REPLACED.match(line))),
            ),
            tuple(sorted(set(found.get("services", ())))),
        )

    def apply(self, become: str, wanted: Sequence[Upgrade]) -> str:
        """See `PackageManager`."""
        if not wanted:
            return "exit 0\n"
        return f"export LC_ALL=C\n{become}dnf -y {_UPGRADE} {_named(wanted)}\n"

    def installed(self, wanted: Sequence[Upgrade]) -> str:
        """See `PackageManager`."""
        return f"""{HEAD}section installed
rpm -q --qf {words(_FORM)} {_named(wanted)}
section installed asked
"""

    def read_installed(self, written: str) -> Mapping[str, str]:
        """See `PackageManager`."""
        found = sections(written)
        demand(found, "installed", well=("asked",))
        return _versions(found["installed"])


def _versions(lines: Iterable[str]) -> Mapping[str, str]:
    """Return the installed versions; rpm writes an epoch of 0 where dnf leaves it out."""
    parts = (line.split(" ") for line in lines if ":" in line.partition(" ")[0])
    return {each[0]: each[1].removeprefix("0:") for each in parts if len(each) == 2}


def _unrated(found: Mapping[str, Sequence[str]], security: Collection[tuple[str, str]]) -> Iterator[str]:
    """Yield the repositories that have something newer and no advisories: it may be a security fix or not."""
    holds: dict[str, bool] = {}
    for line in found.get("updateinfo", ()):
        word, _, repository = line.partition(" ")
        holds.setdefault(repository, word == "with")
    others = {source for *newer, source in _listed(found["newer"]) if tuple(newer) not in security}
    # Where its metadata can't be found, nobody knows either.
    yield from sorted(each for each in others if not holds.get(each, False))


def _newer(lines: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield names and versions."""
    return ((name, version) for name, version, _ in _listed(lines))


def _listed(lines: Sequence[str]) -> Iterator[tuple[str, str, str]]:
    """Yield names, versions and repositories: three words each, whether a line had room for them or not."""
    end = lines.index(_END_OF_LIST) if _END_OF_LIST in lines else len(lines)
    found = " ".join(line for line in lines[:end] if not line.startswith(_RUNNING_KERNEL)).split()
    for at in range(0, len(found) - 2, 3):
        yield _name(found[at]), found[at + 1], found[at + 2]


def _table(lines: Iterable[str]) -> Iterator[tuple[str, str, str]]:
    """Yield what is done, name and version; a row has five or six words, and may be broken anywhere."""
    what, row = "", list[str]()
    for line in lines:
        if line == _END_OF_TABLE:
            return
        if heading := _HEADING.fullmatch(line):
            what, row = heading["what"], []
        elif what and line.startswith(" ") and not _REPLACED.match(line):
            row += line.split()
            if row[-1] in _UNITS or (len(row) == 5 and row[-1].isdecimal()):
                yield what, f"{row[0]}:{row[1]}", row[2]
                row = []


def _name(written: str) -> str:
    name, _, architecture = written.rpartition(".")
    return f"{name}:{architecture}"


def _named(wanted: Iterable[Upgrade]) -> str:
    parts = ((each.name.partition(":"), each.new) for each in wanted)
    return words(*(f"{name}-{version}.{architecture}" for (name, _, architecture), version in parts))


KIND = ManagerKind(PatchGroupBinding, Dnf())
