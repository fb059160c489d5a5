"""The host that the shop is said to run on, for its patches: an SSH server before real apt and dpkg.

`python -m shop.host --place DIR --port 8312`. It is a Debian of its own below a folder, without root: its own
list of packages, its own repository with a fix in it. The machine's packages are neither read nor changed.
Where there is no apt, its commands say so.
"""

import asyncio
import hashlib
import os
import shutil
import subprocess
import time
from pathlib import Path

import asyncssh
import click

_PACKAGES = ("shop-httpd", "shop-tls")
_OLD, _NEW = "1.0", "1.1"
_CONFIGURATION = """Dir "{root}";
Dir::State "{root}/var/lib/apt";
Dir::State::status "{root}/var/lib/dpkg/status";
Dir::Cache "{root}/var/cache/apt";
Dir::Etc "{root}/etc/apt";
Dir::Log "{root}/var/log/apt";
Dir::Bin::methods "/usr/lib/apt/methods";
APT::Architecture "all";
APT::Sandbox::User "";
Acquire::Languages "none";
Dpkg::Options {{ "--root={root}"; "--log={root}/var/log/dpkg.log"; "--force-not-root"; "--force-bad-path"; }};
"""
_FOLDERS = (
    *("bin", "home", "repository", "etc/apt/preferences.d", "etc/apt/apt.conf.d", "var/log/apt"),
    *("var/lib/apt/lists/partial", "var/cache/apt/archives/partial", "var/lib/dpkg/info"),
    *("var/lib/dpkg/updates", "var/lib/dpkg/triggers"),
)


def install(root: Path) -> None:
    """Make the host as it was delivered: with the old versions installed, and the fixes published."""
    for each in _FOLDERS:
        (root / each).mkdir(parents=True, exist_ok=True)
    for name in ("status", "available"):
        (root / "var/lib/dpkg" / name).touch()
    (root / "etc/apt/sources.list").write_text(f"deb [trusted=yes] file://{root}/repository ./\n")
    (root / "apt.conf").write_text(_CONFIGURATION.format(root=root))
    _programs(root)
    for version in (_OLD, _NEW):
        for name in _PACKAGES:
            _publish(root, name, version)
    for command in (["update"], ["-qy", "install", *(f"{name}={_OLD}" for name in _PACKAGES)]):
        subprocess.run([str(root / "bin/apt-get"), *command], check=True, capture_output=True)


def _programs(root: Path) -> None:
    dpkg = f"--root={root} --log={root}/var/log/dpkg.log --force-not-root --force-bad-path"
    cat = shutil.which("cat")
    bodies = {
        "apt-get": f'APT_CONFIG={root}/apt.conf exec {shutil.which("apt-get")} "$@"',
        "apt-mark": f'APT_CONFIG={root}/apt.conf exec {shutil.which("apt-mark")} "$@"',
        "dpkg": f'exec {shutil.which("dpkg")} {dpkg} "$@"',
        "dpkg-query": f'exec {shutil.which("dpkg-query")} --admindir={root}/var/lib/dpkg "$@"',
        "cat": f'test $1 = /proc/sys/kernel/random/boot_id && exec {cat} {root}/boot-id\nexec {cat} "$@"',
        "needrestart": "exit 0",
        "restart": f"date +%s%N >{root}/boot-id",
    }
    for name, body in bodies.items():
        path = root / "bin" / name
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)


def _publish(root: Path, name: str, version: str) -> None:
    """Build a package, and write the repository's lists anew."""
    place, repository = root / "build" / f"{name}_{version}", root / "repository"
    (place / "DEBIAN").mkdir(parents=True, exist_ok=True)
    (place / "usr/share" / name).mkdir(parents=True, exist_ok=True)
    (place / "usr/share" / name / "version").write_text(version)
    control = f"Package: {name}\nVersion: {version}\nArchitecture: all\nMaintainer: shop@example.com\n"
    (place / "DEBIAN/control").write_text(f"{control}Description: {name}\n")
    deb = repository / f"{name}_{version}_all.deb"
    build = [shutil.which("dpkg-deb") or "dpkg-deb", "-Znone", "--root-owner-group", "-b"]
    subprocess.run([*build, str(place), str(deb)], check=True, capture_output=True)
    entry = f"Filename: ./{deb.name}\nSize: {deb.stat().st_size}\nSHA256: {_digest(deb)}\n\n"
    with (repository / "Packages").open("a") as packages:
        packages.write(f"{control}Description: {name}\n{entry}")
    packages_size = (repository / "Packages").stat().st_size
    (repository / "Release").write_text(
        "Origin: Debian\nLabel: Debian-Security\nSuite: stable-security\nArchitectures: all\n"
        f"Date: Tue, 01 Dec 2026 00:00:00 UTC\nSHA256:\n {_digest(repository / 'Packages')}"
        f" {packages_size} Packages\n"
    )


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


async def serve(place: Path, port: int) -> None:
    """Serve until the end: only the login's key is taken, and only on the loopback."""
    root = place / "root"
    environment = {
        "PATH": f"{root}/bin:{os.environ.get('PATH', os.defpath)}",
        "HOME": str(root / "home"),
        "TZ": "UTC",
    }

    async def run(process: asyncssh.SSHServerProcess[bytes]) -> None:
        child = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", process.command or "true"),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
            env=environment,
            cwd=root,
            start_new_session=True,
        )
        out, errors = await child.communicate()
        process.stdout.write(out)
        process.stderr.write(errors)
        process.exit(child.returncode or 0)

    server = await asyncssh.listen(
        "127.0.0.1",
        port,
        server_host_keys=[str(place / "own")],
        authorized_client_keys=str(place / "login.pub"),
        process_factory=run,
        encoding=None,
    )
    await server.wait_closed()


@click.command()
@click.option("--place", type=click.Path(path_type=Path), required=True)
@click.option("--port", type=int, required=True)
def main(place: Path, port: int) -> None:
    """Serve the host whose folder is PLACE; `toban up` has put its keys there."""
    root = place / "root"
    if not (root / "boot-id").exists():
        root.mkdir(exist_ok=True)
        try:
            install(root)
        except (OSError, subprocess.CalledProcessError) as error:
            click.echo(f"no host with apt here: {error}", err=True)
    (root / "boot-id").write_text(f"{int(time.time())}")
    asyncio.run(serve(place, port))


if __name__ == "__main__":
    main()
