"""Looking at file systems: by the kernel here, by `df` (POSIX) on another host."""

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from threading import Thread

from toban.chapters.capacity.usage import UsageReading, UsageUnknown
from toban.chapters.capacity.usage_sources.storage.config import StorageHost, StorageUsage
from toban.chapters.capacity.usage_sources.storage.local import volume_of
from toban.chapters.capacity.usage_sources.storage.volumes import Volume, read_df, reading_of
from toban.engine.ssh.connect import answer_of
from toban.engine.ssh.host import Unreachable
from toban.message import Message, message_of

type Look = Callable[[str], Volume]
"""Returns the file system of a path, or raises `OSError`."""


class StorageSource:
    """Some file systems."""

    def __init__(self, config: StorageUsage, look: Look = volume_of) -> None:
        self._config = config
        self._look = look
        self._looking: Thread | None = None

    def measure(self, now: datetime) -> UsageReading:  # noqa: ARG002
        """Look at all of them; see `UsageSource`."""
        paths = self._config.path
        host = self._config.host
        volumes = self._here(paths) if host is None else _there(host, paths, self._config.timeout)
        for path, volume in zip(paths, volumes, strict=True):
            if self._config.mounted and volume.mount != path:
                raise UsageUnknown(
                    Message("capacity-usage.storage-not-mounted", path=path, mount=volume.mount),
                    hint=Message("capacity-usage.mount-it"),
                )
            if not volume.used + volume.available:
                raise UsageUnknown(Message("capacity-usage.storage-without-size", path=path))
        return reading_of(paths, volumes)

    def close(self) -> None:
        """There is nothing to close: a connection lasts as long as one look."""

    def _here(self, paths: Sequence[str]) -> Sequence[Volume]:
        """Look in a thread of its own: where the server of a file system is away, nothing ends the call."""
        found: list[Volume | OSError] = []

        def look() -> None:
            try:
                found.extend([self._look(path) for path in paths])
            except OSError as error:
                found[:] = [error]

        # One that still waits is enough: another would wait for the same server.
        if self._looking is None or not self._looking.is_alive():
            self._looking = Thread(target=look, name="storage", daemon=True)
            self._looking.start()
            self._looking.join(self._config.timeout)
        if not found:
            said = Message(
                "capacity-usage.storage-does-not-answer", paths=paths, seconds=self._config.timeout
            )
            raise UsageUnknown(said, hint=Message("capacity-usage.look-at-its-server"))
        volumes = [each for each in found if isinstance(each, Volume)]
        for error in found:
            if isinstance(error, OSError):
                raise _not_seen(error) from error
        return volumes


def _not_seen(error: OSError) -> UsageUnknown:
    said = Message("capacity-usage.storage-not-seen", path=error.filename, why=error.strerror or str(error))
    return UsageUnknown(said, hint=Message("capacity-usage.check-path-and-mount"))


def _there(host: StorageHost, paths: Sequence[str], timeout: float) -> Sequence[Volume]:
    way = host.way(host.name)
    try:
        answer = asyncio.run(answer_of(way, ("env", "LC_ALL=C", "df", "-Pk", *paths), timeout))
    except Unreachable as error:
        raise UsageUnknown(message_of(error), hint=error.hint) from error
    except TimeoutError as error:
        said = Message("capacity-usage.storage-does-not-answer", paths=paths, seconds=timeout)
        raise UsageUnknown(said, hint=Message("capacity-usage.look-at-its-server")) from error
    volumes = read_df(answer.out)
    if answer.status or len(volumes) != len(paths):
        said = Message("capacity-usage.df-failed", host=way, why=answer.first_words or "df")
        raise UsageUnknown(said, hint=Message("capacity-usage.check-path-and-mount"))
    return volumes
