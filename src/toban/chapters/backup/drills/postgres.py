"""Finds, starts, waits for and stops PostgreSQL's own programs on a restored data directory."""

import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from toban.chapters.backup.bindings import DrillBinding
from toban.chapters.backup.engine import ActWatch, BackupFailed
from toban.engine.trial import Doubt
from toban.message import Message, plain

_LOOK = 0.1
_STOPPING = 120
"""Seconds that a server has to stop; after that it is killed."""

_SYNCFS_SINCE = 14
"""https://www.postgresql.org/docs/14/runtime-config-error-handling.html"""

_VERSION = re.compile(r"\(PostgreSQL\) (\d+)")
_TAIL = 1500
"""Characters at the end of a server's log to quote."""


@dataclass(frozen=True, slots=True)
class SystemAccount:
    """The account that a server runs as: PostgreSQL refuses to run as root."""

    name: str
    uid: int
    gid: int

    @property
    def ids(self) -> tuple[int, int]:
        """User and group."""
        return self.uid, self.gid


@dataclass(frozen=True, slots=True)
class ServerPrograms:
    """The programs of one version, run as one account."""

    folder: Path
    account: SystemAccount | None
    """None: the account that runs Toban."""
    version: int
    """The major version: 18."""

    @property
    def first_start(self) -> Mapping[str, str]:
        """Settings for a server's first start on a folder that has just been written in full."""
        # Before recovery it would sync thousands of files one by one. Only Linux can sync all at once.
        can_sync_at_once = self.version >= _SYNCFS_SINCE and sys.platform == "linux"
        return {"recovery_init_sync_method": "syncfs"} if can_sync_at_once else {}

    def popen_options(self) -> Mapping[str, Any]:
        """Return `subprocess` options to run them as that account, without Toban's environment variables."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("TOBAN_")}
        options: dict[str, Any] = {"env": environment, "cwd": "/", "stdin": subprocess.DEVNULL}
        if self.account is not None:
            options |= {"user": self.account.uid, "group": self.account.gid, "extra_groups": []}
        return options

    def run(self, program: str, *words: str) -> str:
        """Run a program to its end and return what it wrote; raises `BackupFailed`."""
        try:
            done = subprocess.run(
                [str(self.folder / program), *words],
                capture_output=True,
                text=True,
                errors="replace",
                check=False,
                **self.popen_options(),
            )
        except OSError as error:
            path, why = self.folder / program, error.strerror
            said = Message("backup.program-does-not-start", program=path, why=why)
            if self.account is not None:
                name = self.account.name
                said = Message("backup.account-cannot-start", account=name, program=path, why=why)
            raise BackupFailed(said, retry=False) from error
        if done.returncode != 0:
            raise BackupFailed(plain(f"{program}: {(done.stderr or done.stdout).strip()}"), retry=False)
        return str(done.stdout)

    def give(self, *folders: Path) -> None:
        """Make the account the owner of *folders* and everything below; links are not followed."""
        if self.account is None:
            return
        for folder in folders:
            for each in (folder, *folder.rglob("*")) if folder.exists() else ():
                os.chown(each, self.account.uid, self.account.gid, follow_symlinks=False)


def major(version: str) -> int:
    """Return 18 for `18.6`."""
    return int(version.split(".", 1)[0])


def find_programs(
    named: Path | None, server_version: str, account: SystemAccount | None
) -> ServerPrograms | None:
    """Return the programs for *server_version*: from the folder *named*, else from the usual places.

    None if none are installed. Raises `BackupFailed` if the folder *named* holds another major version: only
    the same one can read the data directory.
    """
    wanted = major(server_version)
    if named is not None:
        found = version_in(named)
        if found != wanted:
            said = Message("backup.programs-missing-for", folder=named, wanted=wanted)
            if found:
                said = Message("backup.programs-of-other-version", folder=named, found=found, wanted=wanted)
            raise BackupFailed(said, retry=False)
        # They are started from another folder, by an account that may have no access to the link's folder.
        return _startable(ServerPrograms(named.resolve(), account, wanted))
    on_path = shutil.which("postgres")
    usual = [Path(f"/usr/lib/postgresql/{wanted}/bin"), Path(f"/usr/pgsql-{wanted}/bin")]
    for folder in ([Path(on_path).parent] if on_path else []) + usual:
        if version_in(folder) == wanted:
            return _startable(ServerPrograms(folder, account, wanted))
    return None


def _startable(programs: ServerPrograms) -> ServerPrograms:
    """Return *programs* if they start, or raise `BackupFailed`: before hours of restoring, not after."""
    programs.run("postgres", "--version")
    return programs


def version_in(folder: Path) -> int:
    """Return the major version of the server in *folder*; 0 if there is none."""
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=False, timeout=30
        ).stdout
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = _VERSION.search(said)
    return int(match[1]) if match else 0


def account_for(name: str) -> SystemAccount | None:
    """Return the account that a server must run as; None for the current one. Raises `BackupFailed`."""
    if os.geteuid() != 0:
        return None
    try:
        found = pwd.getpwnam(name)
    except KeyError as error:
        said, hint = Message("backup.no-account-for-server", account=name), Message("backup.name-an-account")
        raise BackupFailed(said, hint=hint, retry=False) from error
    return SystemAccount(name, found.pw_uid, found.pw_gid)


def drill_doubts(settings: DrillBinding) -> Iterator[Doubt]:
    """Yield what would prevent a drill here, as far as that is known without a backup."""
    for doubt in (*_program_doubts(settings), *_folder_doubts(settings)):
        match doubt:
            case (said, hint):
                yield Message("backup.about-drill", said=said), hint
            case said:
                yield Message("backup.about-drill", said=said)


def _folder_doubts(settings: DrillBinding) -> Iterator[Doubt]:
    base = settings.folder
    if base is not None and not (base.is_dir() and os.access(base, os.W_OK)):
        yield Message("backup.folder-not-writable", folder=base), Message("backup.make-the-folder")


def _program_doubts(settings: DrillBinding) -> Iterator[Doubt]:
    named = settings.binaries
    try:
        account = account_for(settings.account)
        if named is None:
            return
        if version := version_in(named):
            _startable(ServerPrograms(named.resolve(), account, version))
        else:
            yield Message("backup.folder-without-programs", folder=named)
    except BackupFailed as failure:
        yield failure.doubt


def running_on(files: Path, *, started_here: bool = False) -> int:
    """Return the id of the process that runs a server on *files*; 0 if there is none.

    *started_here*: only a process that `DrillServer` started on exactly this folder, which its command line
    names. A number in a file alone is not enough reason to end a process.
    """
    try:
        number = int((files / "postmaster.pid").read_text().split("\n", 1)[0])
        words = Path(f"/proc/{number}/cmdline").read_bytes().split(b"\0")
    except (OSError, ValueError):
        return 0
    # After a reboot another program may have this process id.
    is_server = b"postgres" in words[0] or b"postmaster" in words[0]
    is_meant = not started_here or os.fsencode(files) in words
    return number if is_server and is_meant else 0


class DrillServer:
    """A server on a restored folder, owned by this process until it is stopped."""

    def __init__(self, programs: ServerPrograms, files: Path, log: Path, settings: Mapping[str, str]) -> None:
        self._programs = programs
        self._files = files
        self._log = log
        self._settings = settings
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start it without waiting; `wait` waits until it is open."""
        words = [f"-c{name}={value}" for name, value in self._settings.items()]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(
                [str(self._programs.folder / "postgres"), "-D", str(self._files), *words],
                stdout=log,
                stderr=log,
                start_new_session=True,
                **self._programs.popen_options(),
            )

    def wait(self, is_open: Callable[[], bool], watch: ActWatch, patience: float) -> None:
        """Wait until *is_open*, or raise `BackupFailed`; if the server gave up, with the end of its log."""
        until = time.monotonic() + patience
        while not is_open():
            if self._process is None or self._process.poll() is not None:
                raise BackupFailed(Message("backup.server-not-up", log=self.last_words()), retry=False)
            if watch.why_stop() is not None:
                raise BackupFailed(Message("backup.stopped"))
            if time.monotonic() > until:
                seconds = round(patience)
                raise BackupFailed(
                    Message("backup.recovery-takes-too-long", seconds=seconds, log=self.last_words())
                )
            time.sleep(_LOOK)

    def last_words(self) -> str:
        """Return the end of its log."""
        with suppress(OSError):
            return self._log.read_text(errors="replace")[-_TAIL:].strip()
        return ""

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it; by default with a clean shutdown that does not wait for clients."""
        if self._process is None:
            return
        end(self._process, how)
        self._process = None


def end(process: subprocess.Popen[bytes], how: signal.Signals) -> None:
    """Ask *process* to end, and kill it if it does not."""
    process.send_signal(how)
    try:
        process.wait(_STOPPING)
    except subprocess.TimeoutExpired:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@dataclass(frozen=True, slots=True)
class RestoredStart:
    """How a restored server is started for good: never as the archiving server that its source is."""

    port: int | None = None
    """None: the source's."""
    pauses: bool = False
    """Whether it stays read-only, recovered, until it is promoted."""

    @property
    def words(self) -> str:
        """The options of `postgres`."""
        settings = {"archive_mode": "off"}
        if self.port is not None:
            settings["port"] = str(self.port)
        if self.pauses:
            settings |= {"hot_standby": "on", "primary_conninfo": ""}
        return _as_words(settings)


def _as_words(settings: Mapping[str, str]) -> str:
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


def start_for_good(
    programs: ServerPrograms, files: Path, log: Path, start: RestoredStart, watch: ActWatch
) -> None:
    """Start a server with its own `pg_ctl`, and wait until it has recovered; raises `BackupFailed`.

    It outlives this process. If it pauses, wait until it can be read.
    """
    words = f"{_as_words(programs.first_start)} {start.words}"
    programs.run("pg_ctl", "start", "-D", str(files), "-l", str(log), "--no-wait", "-o", words)
    began = time.monotonic()
    while not _is_up(files, pauses=start.pauses):
        if time.monotonic() - began > 1 and not running_on(files):
            tail = log.read_text(errors="replace")[-_TAIL:].strip() if log.exists() else ""
            raise BackupFailed(Message("backup.server-not-up", log=tail), retry=False)
        if watch.why_stop() is not None:
            raise BackupFailed(Message("backup.no-longer-waiting"))
        time.sleep(_LOOK)


def _is_up(files: Path, *, pauses: bool) -> bool:
    if not pauses:
        # The server removes it when the recovery has ended.
        return not (files / "recovery.signal").exists()
    try:
        # As `pg_ctl --wait` looks (LOCK_FILE_LINE_PM_STATUS in src/include/utils/pidfile.h).
        status = (files / "postmaster.pid").read_text().split("\n")[7].strip()
    except (OSError, IndexError):
        return False
    return status in {"standby", "ready"}
