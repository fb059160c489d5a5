"""apt and dpkg: Debian, Ubuntu. Pure."""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import dropwhile, islice, takewhile

from toban.chapters.patching.bindings import PatchGroupBinding
from toban.chapters.patching.manager import ManagerKind
from toban.chapters.patching.managers import maps
from toban.chapters.patching.managers.sections import BOOT, HEAD, boot_of, demand, sections, words
from toban.chapters.patching.upgrade import HostLook, Simulation, Upgrade

_SIMULATE = "apt-get -q -s -o Debug::NoLocking=true"
_UPDATE = "apt-get -q -o APT::Update::Error-Mode=any -o DPkg::Lock::Timeout=300 update"
_INSTALL = (
    "apt-get -q -y -o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confdef"
    " -o Dpkg::Options::=--force-confold --no-remove --no-install-recommends install"
)
_CONFIGURE = "dpkg --force-confdef --force-confold --configure -a"
_RESTARTS = "needrestart -b -r l"
_RESTART = "needrestart -q -r a"
_LINE = re.compile(
    r"Inst (?P<name>[\w.+-]+(?::[\w-]+)?)(?: \[(?P<old>[^\]]+)\])? \((?P<new>\S+) (?P<origin>[^)]*)\)"
)
_VERSION = re.compile(r"(?P<name>[^/\s]+)/(?P<archives>\S+) \S+ \S+(?: \[(?P<state>[^\]]*)\])?")
_KEPT_BACK = "The following packages have been kept back:"
_VERSIONS = re.compile(r" +(?P<name>\S+) \((?P<old>\S+) => (?P<new>\S+)\)")
_REMOVED = re.compile(r"(?:Remv|Purg) (?P<name>\S+)")
_SECURITY = re.compile(r"security", re.IGNORECASE)
_KERNEL = re.compile(r"NEEDRESTART-KSTA: [23]")
"""Another kernel is installed than runs. needrestart, README.batch.md."""
_SERVICE = "NEEDRESTART-SVC: "


class Apt:
    """See `PackageManager`."""

    program = "apt-get"

    def look(self, become: str, *, refreshes: bool) -> str:
        """See `PackageManager`."""
        update = f"section update\n{become}{_UPDATE} 2>&1\nsection update $?\n" if refreshes else ""
        return f"""{HEAD}{update}section audit
dpkg --audit 2>/dev/null
section held
apt-mark showhold 2>/dev/null
section upgrade
{_SIMULATE} -V --with-new-pkgs upgrade 2>&1
section upgrade $?
section versions
apt -qq list --all-versions --upgradable 2>/dev/null
section versions $?
section reboot
test -e /run/reboot-required && echo needed
section restarts
if command -v needrestart >/dev/null; then {become}{_RESTARTS} 2>/dev/null; else
{maps.look()}fi
{BOOT}"""

    def read_look(self, written: str) -> HostLook:
        """See `PackageManager`."""
        found = sections(written)
        if "update" in found:
            demand(found, "update")
        unfinished = " ".join(_broken(found.get("audit", ())))
        # What an interrupted installation has left keeps apt from planning anything: it is finished first.
        if not unfinished:
            demand(found, "upgrade")
            demand(found, "versions")
        fixed = set(_fixed(found.get("versions", ())))
        restarts = found.get("restarts", ())
        return HostLook(
            available=tuple(_upgrades(found.get("upgrade", ()), fixed)),
            kept_back=tuple(_kept_back(found.get("upgrade", ()), fixed)),
            held=tuple(line.strip() for line in found.get("held", ())),
            unfinished=unfinished,
            needs_reboot=bool(found.get("reboot")) or any(map(_KERNEL.match, restarts)),
            restarts=(
                *(each.removeprefix(_SERVICE) for each in restarts if each.startswith(_SERVICE)),
                *maps.services(restarts),
            ),
            by_maps=maps.is_by_maps(restarts),
            unseen=maps.unseen(restarts),
            boot=boot_of(found),
        )

    def simulate(self, wanted: Sequence[Upgrade]) -> str:
        """See `PackageManager`."""
        services = "sed -n 's|.*/systemd/system/||p' | grep '^[^/]*[.]service$'"
        return f"""{HEAD}section install
{_SIMULATE} --no-remove --no-install-recommends install {_named(wanted)} 2>&1
section install $?
section services
dpkg-query -L {words(*(each.name for each in wanted))} 2>/dev/null | {services}
"""

    def read_simulation(self, written: str) -> Simulation:
        """See `PackageManager`."""
        found = sections(written)
        lines = found.get("install", ())
        removed = tuple(match["name"] for line in lines if (match := _REMOVED.match(line)))
        # It refuses to remove anything, and says what it would have to.
        if not removed:
            demand(found, "install")
        return Simulation(tuple(_upgrades(lines)), removed, tuple(sorted(found.get("services", ()))))

    def apply(self, become: str, wanted: Sequence[Upgrade]) -> str:
        """See `PackageManager`."""
        # What can't be configured may be mended by its next version: that is installed all the same.
        # An order without packages is none: sudoers allows only what names some.
        install = f"{become}{_INSTALL} {_named(wanted)} || exit\n" if wanted else ""
        return f"""export LC_ALL=C DEBIAN_FRONTEND=noninteractive PATH="$PATH:/usr/sbin:/sbin"
{become}{_CONFIGURE}
{install}if command -v needrestart >/dev/null; then {become}{_RESTART}; fi
"""

    def installed(self, wanted: Sequence[Upgrade]) -> str:
        """See `PackageManager`."""
        names = words(*(each.name for each in wanted))
        form = words("${db:Status-Status} ${binary:Package} ${Version}\\n")
        return f"""{HEAD}section installed
dpkg-query -W -f {form} {names} 2>&1
section installed $?
"""

    def read_installed(self, written: str) -> Mapping[str, str]:
        """See `PackageManager`."""
        found = sections(written)
        # 1 says that it knows nothing of one of them.
        demand(found, "installed", well=(0, 1))
        lines = (line.split(" ") for line in found["installed"])
        whole = [parts[1:] for parts in lines if parts[0] == "installed" and len(parts) == 3]
        # It names the architecture of those that may be installed for several.
        return {alias: version for name, version in whole for alias in (name, name.partition(":")[0])}


def _fixed(lines: Iterable[str]) -> Iterator[str]:
    """Yield the packages for which a security fix stands between the installed version and the newest.

    The newest may come from elsewhere: a fix is no less one because another archive has overtaken it.
    """
    is_newer = False
    for line in lines:
        if match := _VERSION.match(line):
            state = match["state"] or ""
            # The newest version first; what stands above the one that would be installed is pinned away.
            is_newer = (is_newer or "upgradable from" in state) and "installed" not in state
            if is_newer and _SECURITY.search(match["archives"]):
                yield match["name"]


def _upgrades(lines: Iterable[str], fixed: Collection[str] = ()) -> Iterator[Upgrade]:
    for line in lines:
        if match := _LINE.match(line):
            is_fixed = match["name"].partition(":")[0] in fixed
            is_security = is_fixed or _SECURITY.search(match["origin"]) is not None
            yield Upgrade(match["name"], match["old"] or "", match["new"], is_security)


def _kept_back(lines: Iterable[str], fixed: Collection[str]) -> Iterator[Upgrade]:
    """Yield what stands below its heading, where nobody says from where it would come."""
    below = dropwhile(lambda line: line != _KEPT_BACK, lines)
    for line in takewhile(lambda line: line.startswith(" "), islice(below, 1, None)):
        if match := _VERSIONS.match(line):
            is_security = match["name"].partition(":")[0] in fixed
            yield Upgrade(match["name"], match["old"], match["new"], is_security)


def _broken(lines: Sequence[str]) -> Iterator[str]:
    """Yield the packages in dpkg's audit: they stand indented, each with its description."""
    return (line.split()[0] for line in lines if line.startswith(" "))


def _named(wanted: Sequence[Upgrade]) -> str:
    return words(*(f"{each.name}={each.new}" for each in wanted))


KIND = ManagerKind(PatchGroupBinding, Apt())
