"""Debian's PostgreSQL 17 and pgBackRest for tests, unpacked by ./check or installed.

Neither may run as root. As root they are run as `nobody`, from a copy in the system's temporary directory:
`nobody` may not be able to reach the working tree.
"""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest
from tests.ports import free_port

_UNPACKED = Path(__file__).parents[4] / ".boot" / "debian" / "usr"
_INSTALLED = Path("/usr")
_LIBRARIES = Path("lib/x86_64-linux-gnu")
_SERVER = Path("lib/postgresql/17")
_PGBACKREST = Path("bin/pgbackrest")
PASSWORD = "a-password-of-the-tests"


@dataclass(frozen=True)
class Debian17:
    """The location of the programs, and the account that runs them (None: the account of the tests)."""

    root: Path
    """A folder that the account can enter; clusters are created here."""
    programs: Path
    account: pwd.struct_passwd | None

    @property
    def binaries(self) -> Path:
        """The folder of pg_dump and the other programs."""
        return self.programs / _SERVER / "bin"

    @property
    def pgbackrest(self) -> tuple[str, ...]:
        """The pgBackRest command as an operator would write it when another account owns the cluster."""
        return (*self._as_account, *self._with_libraries, str(self.programs / _PGBACKREST))

    def run(self, *arguments: object) -> str:
        """Run a program as the account, and return what it writes."""
        command = [*self._as_account, *self._with_libraries, *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=self.root, check=False)
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        return done.stdout

    def start(self, arguments: Sequence[object], log: Path) -> subprocess.Popen[bytes]:
        """Start a program as the account."""
        with log.open("ab") as output:
            return subprocess.Popen(
                list(map(str, arguments)),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                cwd=self.root,
                env={**os.environ, "LD_LIBRARY_PATH": str(self.programs / _LIBRARIES)},
                user=self.account and self.account.pw_uid,
                group=self.account and self.account.pw_gid,
                extra_groups=[] if self.account else None,
            )

    def folder(self, name: str) -> Path:
        """Create a folder owned by the account."""
        path = self.root / name
        path.mkdir(mode=0o700)
        if self.account:
            os.chown(path, self.account.pw_uid, self.account.pw_gid)
        return path

    @property
    def _as_account(self) -> tuple[str, ...]:
        if self.account is None:
            return ()
        who = self.account
        return ("setpriv", f"--reuid={who.pw_uid}", f"--regid={who.pw_gid}", "--clear-groups")

    @property
    def _with_libraries(self) -> tuple[str, ...]:
        return ("env", f"LD_LIBRARY_PATH={self.programs / _LIBRARIES}")


def find() -> Debian17:
    """Return the installation; skip the test with a message if there is none."""
    usr = next((each for each in (_UNPACKED, _INSTALLED) if (each / _SERVER / "bin/postgres").exists()), None)
    if usr is None or not (usr / _PGBACKREST).exists():
        pytest.skip("needs PostgreSQL 17 and pgBackRest (Debian: apt-get install postgresql-17 pgbackrest)")
    root = Path(tempfile.mkdtemp(prefix="pg17-"))
    root.chmod(0o711)
    if os.geteuid() != 0:
        return Debian17(root, usr, None)
    copy = usr
    if usr != _INSTALLED:
        copy = root / "usr"
        for part in (_SERVER, Path("share/postgresql/17"), _LIBRARIES):
            left_out = shutil.ignore_patterns("bitcode", "llvmjit*")
            shutil.copytree(usr / part, copy / part, symlinks=True, ignore=left_out)
        (copy / _PGBACKREST).parent.mkdir()
        shutil.copy2(usr / _PGBACKREST, copy / _PGBACKREST)
    account = pwd.getpwnam("nobody")
    os.chown(root, account.pw_uid, account.pw_gid)
    return Debian17(root, copy, account)


@dataclass
class Cluster:
    """A cluster of PostgreSQL 17 with page checksums, on a free loopback port and its own socket."""

    debian: Debian17
    name: str
    settings: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    data: Path = field(init=False)
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.data = self.debian.root / self.name

    @property
    def dsn(self) -> str:
        """The DSN with a password, as clients use it."""
        return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def database(self, name: str) -> str:
        """Return the DSN of another database."""
        return f"postgresql://postgres:{PASSWORD}@127.0.0.1:{self.port}/{name}"

    def make(self) -> None:
        """Create an empty cluster."""
        secret = self.debian.folder(f"{self.name}.secret") / "password"
        secret.write_text(PASSWORD)
        secret.chmod(0o644)
        self.debian.folder(self.name)
        self.debian.run(
            self.debian.binaries / "initdb",
            f"--pgdata={self.data}",
            "--username=postgres",
            f"--pwfile={secret}",
            "--auth-local=trust",
            "--auth-host=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--data-checksums",
            "--no-sync",
        )

    def start(self) -> None:
        """Start the server, and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": str(self.debian.root),
            # The JIT compiler is not unpacked, and queries of tests don't need it.
            "jit": "off",
            "shared_buffers": "64MB",
            "max_connections": "30",
            # A test's server may lose everything when the machine crashes.
            "fsync": "off",
            **self.settings,
        }
        command: list[object] = [self.debian.binaries / "postgres", "-D", self.data]
        for key, value in settings.items():
            command += ["-c", f"{key}={value}"]
        self._process = self.debian.start(command, self.log)
        for _ in range(600):
            try:
                psycopg.connect(self.dsn).close()
            except psycopg.OperationalError:
                time.sleep(0.1)
            else:
                return
            assert self._process.poll() is None, self.log.read_text()[-2000:]
        pytest.fail(self.log.read_text()[-2000:])

    def wait_for(self, question: str) -> None:
        """Wait until the answer to *question* is true."""
        for _ in range(600):
            if self.sql(question) == [(True,)]:
                return
            time.sleep(0.1)
        pytest.fail(f"{question}: {self.log.read_text()[-2000:]}")

    @property
    def log(self) -> Path:
        """The server's log."""
        return self.debian.root / f"{self.name}.log"

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop the server with a fast shutdown, unless *how* says otherwise."""
        if self._process is not None:
            self._process.send_signal(how)
            self._process.wait(60)
            self._process = None

    def sql(self, *statements: str, database: str = "postgres") -> list[tuple[object, ...]]:
        """Run statements; return the rows of the last one."""
        rows: list[tuple[object, ...]] = []
        with psycopg.connect(self.database(database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
                rows = cursor.fetchall() if cursor.description else []
        return rows
