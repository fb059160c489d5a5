"""What is installed on the agent's host, sent as lists of packages."""

import gzip
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from urllib.parse import quote

import httpx
import orjson

from toban.chapters.vulnerabilities.inventories.files import FilesInventory, FilesSource
from toban.chapters.vulnerabilities.inventories.host.config import HostInventory
from toban.chapters.vulnerabilities.inventories.host.source import HostSource
from toban.chapters.vulnerabilities.inventories.python import PythonInventory, PythonSource
from toban.chapters.vulnerabilities.inventories.reading.pushed import as_pushed
from toban.chapters.vulnerabilities.inventory import InventorySource, InventoryUnknown
from toban.engine.clock import Clock, system_clock
from toban.faces.agent.client import ANOTHER, is_page
from toban.message import NOTHING, Message, lines, message_of

_EVERY = timedelta(hours=6)
"""Between two lists that arrived; what is installed changes less often than it is scanned."""


def source_of(path: str) -> InventorySource:
    """Return the host's own packages, or those of a lock file or an environment at *path*."""
    if not path:
        return HostSource(HostInventory())
    place = Path(path).absolute()
    if place.is_dir():
        return PythonSource(PythonInventory(path=place))
    return FilesSource(FilesInventory(path=(place,)))


class InventoryCourier:
    """The lists of this host. `step` is called again and again, from one thread."""

    def __init__(self, wanted: Mapping[str, str], client: httpx.Client, clock: Clock = system_clock) -> None:
        """*wanted* is the name of each list, and its path; see `source_of`."""
        self._wanted = wanted
        self._client = client
        self._clock = clock
        self._sent_at: dict[str, datetime] = {}

    def step(self) -> Message:
        """Send the lists that are due; return what went wrong: those are sent at the next step."""
        return lines(*self._troubles())

    def _troubles(self) -> Iterator[Message]:
        for name, path in self._wanted.items():
            now = self._clock()
            if name in self._sent_at and now < self._sent_at[name] + _EVERY:
                continue
            why = self._send(name, path, now)
            if why:
                yield Message("agent.inventory-not-sent", name=name, reason=why)
            else:
                self._sent_at[name] = now

    def _send(self, name: str, path: str, now: datetime) -> Message:
        try:
            body = orjson.dumps(as_pushed(source_of(path).read(now)))
        except InventoryUnknown as unknown:
            return message_of(unknown)
        try:
            answer = self._client.post(
                f"/ingest/inventory/{quote(name, safe='')}",
                content=gzip.compress(body),
                headers={"content-type": "application/json", "content-encoding": "gzip"},
            )
        except httpx.HTTPError as error:
            return Message("agent.toban-unreachable", error=type(error).__name__)
        if answer.is_success:
            return ANOTHER if is_page(answer) else NOTHING
        return Message(
            "agent.toban-answered", status=answer.status_code, answer=" ".join(answer.text.split())[:200]
        )


def wanted_of(written: Sequence[str]) -> Mapping[str, str]:
    """Return name → path of each `NAME` or `NAME=PATH`; raise `ValueError` for one without a name."""
    found: dict[str, str] = {}
    for each in written:
        name, _, path = each.partition("=")
        if not name or name in found:
            raise ValueError(each)
        found[name] = path
    return found
