"""Asking a host for the packages of its distribution."""

import asyncio
import subprocess
from datetime import datetime

from toban.chapters.vulnerabilities.inventories.host.config import HostInventory
from toban.chapters.vulnerabilities.inventories.reading.distribution import SCRIPT, NotAListing, read_host
from toban.chapters.vulnerabilities.inventory import InventoryUnknown
from toban.chapters.vulnerabilities.package import Inventory
from toban.engine.ssh.connect import answer_of
from toban.engine.ssh.host import Unreachable
from toban.message import Message, message_of

_LONGEST_SAID = 300


class HostSource:
    """One host."""

    def __init__(self, config: HostInventory) -> None:
        self._config = config
        self._command = ("sh", "-c", SCRIPT, "sh", config.root.rstrip("/"))

    def read(self, now: datetime) -> Inventory:
        """See `InventorySource`."""
        written = self._here() if self._config.host is None else self._there(self._config.host.name)
        try:
            packages = tuple(read_host(written))
        except NotAListing as error:
            if error.system:
                raise InventoryUnknown(
                    Message("vulnerabilities.distribution-unknown", system=error.system)
                ) from error
            raise InventoryUnknown(Message("vulnerabilities.not-a-listing")) from error
        if not packages:
            raise InventoryUnknown(Message("vulnerabilities.nothing-installed"))
        return Inventory(packages, now)

    def _here(self) -> str:
        try:
            done = subprocess.run(
                self._command, capture_output=True, timeout=self._config.timeout, check=False
            )
        except subprocess.TimeoutExpired as error:
            raise self._too_slow() from error
        return self._judged(
            done.returncode, done.stdout.decode("utf-8", "replace"), done.stderr.decode("utf-8", "replace")
        )

    def _there(self, name: str) -> str:
        host = self._config.host
        if host is None:
            raise AssertionError("without a host it is here")
        try:
            answer = asyncio.run(answer_of(host.way(name), self._command, self._config.timeout))
        except Unreachable as error:
            raise InventoryUnknown((message_of(error), error.hint), retry=not error.lasting) from error
        except TimeoutError as error:
            raise self._too_slow() from error
        return self._judged(answer.status, answer.out, answer.err)

    def _judged(self, status: int | None, out: str, err: str) -> str:
        if status != 0:
            words = err.strip()[-_LONGEST_SAID:]
            raise InventoryUnknown(
                (Message("vulnerabilities.list-failed", words=words), Message("vulnerabilities.may-it-read"))
            )
        return out

    def _too_slow(self) -> InventoryUnknown:
        said = Message("vulnerabilities.list-too-slow", seconds=round(self._config.timeout))
        return InventoryUnknown(said, retry=True)
