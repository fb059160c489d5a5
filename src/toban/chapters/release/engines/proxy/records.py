"""What the engine writes down: the versions that are installed, and the instances that it has started."""

import fcntl
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from toban.chapters.release.engine import Artifact, DeployFailed
from toban.engine.supervision.home import write_whole
from toban.message import Message


@dataclass(frozen=True, slots=True)
class Version:
    """A version that is installed whole."""

    digest: str
    commit: str
    label: str
    image: str = ""


@dataclass(frozen=True, slots=True)
class Instance:
    """A started instance, or one whose start was cut off."""

    port: int
    number: int
    """1, 2, …: of its version's instances."""
    digest: str
    is_routed: bool = False
    """Whether the last finished switch has left it with requests: what the proxy says counts, if it knows."""
    idle_since: float | None = None
    """When it stopped getting requests, in seconds since 1970; None if it gets some, or never got any."""

    @property
    def address(self) -> str:
        """Where it listens."""
        return f"127.0.0.1:{self.port}"


@dataclass(frozen=True, slots=True)
class OrderedSize:
    """How many instances somebody has ordered, whatever is released."""

    instances: int
    is_reached: bool
    """False while they are started, or taken out."""


class Records:
    """The records of one deployment, each a file that is replaced as a whole."""

    lock: int
    """While they are held: the lock's descriptor, for a program that holds it on if this process dies."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._versions = home / "versions"
        self.instances_folder = home / "instances"
        self._size = home / "size.json"

    @contextmanager
    def alone(self, *, wait: bool = True) -> Iterator[None]:
        """Hold the deployment; raises `BlockingIOError` if another does, unless to wait.

        The folders are made now, not when somebody only looks: a table that gets another name takes the
        folder of its former one along, if it has none of its own yet.
        """
        for folder in (self._versions, self.instances_folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = os.open(self._home / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            self.lock = lock
            yield
        finally:
            os.close(lock)

    def folder_of(self, digest: str) -> Path:
        """Return where the version's tree is."""
        return self._versions / _file_name(digest)

    def versions(self) -> Mapping[str, Version]:
        """Return the installed versions by digest."""
        found = (Version(**each) for each in _read_all(self._versions))
        return {each.digest: each for each in found}

    def folders(self) -> Sequence[Path]:
        """Return the trees of versions, those included whose installation was cut off."""
        return [each for each in self._versions.iterdir() if each.is_dir()]

    def add_version(self, artifact: Artifact) -> None:
        """Record that *artifact* is installed whole."""
        version = Version(artifact.digest, artifact.commit, artifact.label, artifact.image)
        write_whole(self._file_of(version.digest), json.dumps(asdict(version), ensure_ascii=False))

    def remove_version(self, digest: str) -> None:
        """Forget it; its tree may be removed then."""
        self._file_of(digest).unlink(missing_ok=True)

    def instances(self) -> Sequence[Instance]:
        """Return the recorded instances by port."""
        found = (Instance(**each) for each in _read_all(self.instances_folder))
        return sorted(found, key=lambda each: each.port)

    def add_instance(self, instance: Instance) -> None:
        """Record it."""
        write_whole(self.instances_folder / f"{instance.port}.json", json.dumps(asdict(instance)))

    def remove_instance(self, instance: Instance) -> None:
        """Forget it."""
        (self.instances_folder / f"{instance.port}.json").unlink(missing_ok=True)

    def size(self) -> OrderedSize | None:
        """Return how many instances have been ordered; None if nobody has."""
        try:
            return OrderedSize(**json.loads(self._size.read_bytes()))
        except FileNotFoundError:
            return None
        except (OSError, ValueError, TypeError) as error:
            raise DeployFailed(Message("release-proxy.record-unreadable", folder=self._home)) from error

    def set_size(self, size: OrderedSize | None) -> None:
        """Record it."""
        if size is None:
            self._size.unlink(missing_ok=True)
        else:
            write_whole(self._size, json.dumps(asdict(size)))

    def _file_of(self, digest: str) -> Path:
        return self._versions / f"{_file_name(digest)}.json"


def _file_name(digest: str) -> str:
    name = digest.replace(":", "-")
    if not name or not name.replace("-", "").isalnum():
        raise DeployFailed(Message("release-proxy.no-digest", digest=digest))
    return name


def _read_all(folder: Path) -> list[dict[str, Any]]:
    # An unfinished draft of a record has a name that begins with a dot.
    names = sorted(each for each in folder.glob("*.json") if not each.name.startswith("."))
    try:
        return [json.loads(each.read_bytes()) for each in names]
    except (OSError, ValueError) as error:
        raise DeployFailed(Message("release-proxy.record-unreadable", folder=folder)) from error
