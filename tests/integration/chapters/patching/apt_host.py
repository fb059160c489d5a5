"""A Debian of its own below a folder: real apt and dpkg, their own root, a repository with fixes.

Nothing of the machine's own packages is read or changed. It is reached by a real sshd.
"""

import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.remote_host import STRANGER, RemoteHost, serving

LOOPBACK = [f"127.0.0.{number}" for number in range(1, 6)]
"""The addresses of the hosts, and of one that is not there."""
_AS_STRANGER = (
    ["setpriv", f"--reuid={STRANGER}", f"--regid={STRANGER}", "--clear-groups"] if os.getuid() == 0 else []
)
"""As the login of the host, which sshd gives no rights."""
_PROGRAMS = ("apt", "apt-get", "apt-mark", "dpkg", "dpkg-deb", "dpkg-query", "setsid")
_CAT = shutil.which("cat")
_CONFIGURATION = """
Dir "{root}";
Dir::State "{root}/var/lib/apt";
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::Cache "{root}/var/cache/apt";
Dir::Etc "{root}/etc/apt";
Dir::Log "{root}/var/log/apt";
Dir::Bin::methods "/usr/lib/apt/methods";
APT::Architecture "amd64";
APT::Sandbox::User "";
Acquire::Languages "none";
Dpkg::Options {{ "--root={root}"; "--log={root}/var/log/dpkg.log"; }};
Dpkg::Options {{ "--force-not-root"; "--force-script-chrootless"; "--force-bad-path"; }};
"""


def needs_apt() -> None:
    """Skip the test where there is no apt."""
    missing = [each for each in _PROGRAMS if shutil.which(each) is None]
    if missing:
        pytest.skip(f"needs {', '.join(missing)} (a Debian)")


def _run(program: str, *arguments: str) -> str:
    command = [shutil.which(program) or program, *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


@dataclass(frozen=True)
class Repository:
    """A repository below a folder, labelled as one of Debian's own."""

    folder: Path
    is_security: bool = True

    def add(
        self, name: str, version: str, *, depends: str = "", conflicts: str = "", postinst: str = ""
    ) -> None:
        """Build a package and publish it; *postinst* is the body of its script."""
        place = self.folder / "build" / f"{name}_{version}"
        (place / "DEBIAN").mkdir(parents=True)
        (place / "usr/share" / name).mkdir(parents=True)
        (place / "usr/share" / name / "version").write_text(version)
        control = [
            f"Package: {name}",
            f"Version: {version}",
            "Architecture: all",
            "Maintainer: Tests <tests@example.com>",
            *([f"Depends: {depends}"] if depends else []),
            *([f"Conflicts: {conflicts}"] if conflicts else []),
            f"Description: {name}",
        ]
        (place / "DEBIAN/control").write_text("\n".join(control) + "\n")
        if postinst:
            script = place / "DEBIAN/postinst"
            script.write_text(f"#!/bin/sh\nset -e\n{postinst}\n")
            script.chmod(0o755)
        deb = self.folder / f"{name}_{version}_all.deb"
        _run("dpkg-deb", "-Znone", "--root-owner-group", "-b", str(place), str(deb))
        self.publish()

    def publish(self) -> None:
        """Write the lists of what is there."""
        entries = [
            f"{self._control(deb)}Filename: ./{deb.name}\nSize: {deb.stat().st_size}\n"
            f"SHA256: {hashlib.sha256(deb.read_bytes()).hexdigest()}\n"
            for deb in sorted(self.folder.glob("*.deb"))
        ]
        packages = self.folder / "Packages"
        packages.write_text("\n".join(entries))
        digest = hashlib.sha256(packages.read_bytes()).hexdigest()
        label, suite = ("Debian-Security", "stable-security") if self.is_security else ("Debian", "stable")
        (self.folder / "Release").write_text(
            f"Origin: Debian\nLabel: {label}\nSuite: {suite}\nVersion: 12\n"
            f"Architectures: all amd64\nDate: Tue, 01 Dec 2026 00:00:00 UTC\n"
            f"SHA256:\n {digest} {packages.stat().st_size} Packages\n"
        )

    def _control(self, deb: Path) -> str:
        return _run("dpkg-deb", "-f", str(deb))


@dataclass(frozen=True)
class AptHost:
    """One host: its root, the programs it is managed by, and its sshd."""

    root: Path
    repository: Repository
    remote: RemoteHost

    @property
    def name(self) -> str:
        return self.remote.name

    def restart(self) -> None:
        """Say another mark of its start, as if it had restarted."""
        self.boot.write_text(f"{time.time()}")

    @property
    def boot(self) -> Path:
        """The file that holds what its kernel would say of its start."""
        return self.root / "boot-id"

    def run(self, *command: str, check: bool = True) -> str:
        """Run one of its own programs."""
        words = [*_AS_STRANGER, str(self.root / "bin" / command[0]), *command[1:]]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if check and done.returncode:
            raise AssertionError(done.stdout + done.stderr)
        return done.stdout + done.stderr

    def version(self, package: str) -> str:
        """The installed version; empty if it is not installed."""
        said = self.run("dpkg-query", "-W", "-f", "${db:Status-Status} ${Version}", package, check=False)
        return said.removeprefix("installed ") if said.startswith("installed ") else ""

    def log(self) -> Sequence[str]:
        """What dpkg did: `upgrade curl:all 1.0 1.1`."""
        path = self.root / "var/log/dpkg.log"
        return [line.split(" ", 2)[2] for line in path.read_text().splitlines()] if path.exists() else []

    def upgrades(self, package: str) -> int:
        """How often a package was upgraded."""
        return sum(line.startswith(f"upgrade {package}:") for line in self.log())

    def program(self, name: str, body: str) -> None:
        """Put a program into its path."""
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)


def _make_root(root: Path, repository: Repository) -> None:
    for each in (
        *("bin", "etc/apt/apt.conf.d", "etc/apt/preferences.d", "etc/apt/sources.list.d"),
        *("etc/apt/trusted.gpg.d", "var/lib/apt/lists/partial", "var/cache/apt/archives/partial"),
        *("var/lib/dpkg/info", "var/lib/dpkg/updates", "var/lib/dpkg/triggers", "var/log/apt", "run"),
    ):
        (root / each).mkdir(parents=True)
    (root / "var/lib/dpkg/status").touch()
    (root / "var/lib/dpkg/available").touch()
    (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file://{repository.folder} ./\n")
    (root / "apt.conf").write_text(_CONFIGURATION.format(root=root))
    (root / "boot-id").write_text(f"{int(time.time()) - 86_400}")


def _programs(host: AptHost) -> None:
    root = host.root
    for each in ("apt", "apt-get", "apt-mark"):
        host.program(each, f'APT_CONFIG={root}/apt.conf exec {shutil.which(each)} "$@"')
    # As root it would chroot for the scripts of packages, and there is no shell below this root.
    forced = f"--log={root}/var/log/dpkg.log --force-not-root --force-script-chrootless --force-bad-path"
    host.program("dpkg", f'exec {shutil.which("dpkg")} --root={root} {forced} "$@"')
    host.program("dpkg-query", f'exec {shutil.which("dpkg-query")} --admindir={root}/var/lib/dpkg "$@"')
    # Without it, processes of the machine itself would be looked at.
    host.program("needrestart", "exit 0")
    # All of them share the kernel of this machine.
    asked = "test $1 = /proc/sys/kernel/random/boot_id"
    host.program("cat", f'{asked} && exec {_CAT} {root}/boot-id\nexec {_CAT} "$@"')


@contextmanager
def apt_host(folder: Path, repository: Repository, address: str, port: int) -> Iterator[AptHost]:
    """Run a host of its own inside the block."""
    needs_apt()
    root = folder / f"root-{address}"
    _make_root(root, repository)
    with serving("openssh", address, port, path=f"{root}/bin") as remote:
        host = AptHost(root, repository, remote)
        _programs(host)
        if _AS_STRANGER:
            _run("chown", "-R", f"{STRANGER}:{STRANGER}", str(root))
        yield host


def install(host: AptHost, packages: Mapping[str, str]) -> None:
    """Install exactly these versions."""
    host.run("apt-get", "-q", "update")
    host.run("apt-get", "-qy", "install", *(f"{name}={version}" for name, version in packages.items()))


def bring(host: AptHost, installed: Path) -> None:
    """Give it what is installed below another root, and what dpkg knows and has written of it."""
    for each in ("usr", "var/lib/dpkg", "var/log"):
        _run("cp", "--archive", "--no-target-directory", str(installed / each), str(host.root / each))
