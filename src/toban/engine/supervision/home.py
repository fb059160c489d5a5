"""The home directory of a running Toban: private, for one instance at a time, and it shows what runs."""

import fcntl
import json
import os
import secrets
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from toban.message import Message


class HomeUnusable(Exception):
    """The home directory can't be used; the message says why, and `hint` gives a way out."""

    def __init__(self, message: Message, hint: Message) -> None:
        super().__init__(message)
        self.hint = hint


class Home:
    """A home directory that this process owns until it ends."""

    def __init__(self, path: Path, lock: int) -> None:
        self.path = path
        self._lock = lock

    @property
    def logs(self) -> Path:
        """Where the children's logs are."""
        return self.path / "log"

    def secret(self, name: str) -> str:
        """Return the secret in the file *name*; the first call creates it, readable only by the owner."""
        path = self.path / name
        if not path.exists():
            write_whole(path, secrets.token_urlsafe(48))
        return path.read_text()

    def holds(self, name: str) -> bool:
        """Return whether an operator wants the program *name* stopped."""
        return hold_file(self.path, name).exists()

    def show(self, url: str, processes: Sequence[Mapping[str, Any]]) -> None:
        """Write down what runs, for `toban processes` and for outside monitoring."""
        write_whole(
            processes_file(self.path),
            json.dumps(
                {"supervisor": os.getpid(), "url": url, "processes": processes}, ensure_ascii=False, indent=1
            ),
        )


def hold_file(home: Path, name: str) -> Path:
    """Return the file whose presence keeps the program *name* stopped, even across restarts of `toban up`."""
    return home / "hold" / name


def in_force_folder(home: Path) -> Path:
    """Return the folder where the worker of *home* keeps the document and the bindings in force."""
    return home / "in-force"


def processes_file(home: Path) -> Path:
    """Return the file in which a running `toban up` shows its processes."""
    return home / "processes.json"


def clock_file(home: Path) -> Path:
    """Return the file that says by how many seconds this machine's clock is ahead, while it is wrong."""
    return home / "clock-ahead"


def take(path: Path) -> Home:
    """Make *path* a private home and take ownership of it, or raise `HomeUnusable`."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
        for part in ("log", "hold"):
            (path / part).mkdir(mode=0o700, exist_ok=True)
        lock = os.open(path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as problem:
        raise HomeUnusable(
            Message("supervision.home-unwritable", path=path, why=problem.strerror),
            Message("supervision.name-a-writable-home"),
        ) from problem
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        owner = os.pread(lock, 32, 0).decode().strip()
        os.close(lock)
        raise HomeUnusable(
            Message("supervision.already-running", path=path, owner=owner),
            Message("supervision.stop-it-or-name-another-home"),
        ) from None
    try:
        os.ftruncate(lock, 0)
        os.pwrite(lock, f"{os.getpid()}\n".encode(), 0)
    except OSError as problem:
        os.close(lock)
        raise HomeUnusable(
            Message("supervision.cannot-write", path=path, why=problem.strerror),
            Message("supervision.check-free-space"),
        ) from problem
    return Home(path, lock)


def write_whole(path: Path, text: str) -> None:
    """Atomically replace *path* with *text*, private to the owner: a reader sees the old text or the new."""
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
