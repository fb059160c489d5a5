"""A host with a journal written by systemd itself, and an agent that follows it."""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from tests.integration.faces.agent.host import Collector

from toban.engine.clock import system_clock
from toban.faces.agent.journal.courier import JournalCourier
from toban.faces.agent.journal.journal import Journal, Marks

DEBIAN = Path(__file__).parents[4] / ".boot" / "debian" / "usr"
REMOTE = DEBIAN / "lib" / "systemd" / "systemd-journal-remote"
BOOT = "0123456789abcdef0123456789abcdef"


@dataclass
class Machine:
    """A host with a journal."""

    folder: Path
    collector: Collector = field(default_factory=Collector)
    seconds: float = 0.0
    written: int = 0
    off: timedelta = timedelta()
    """How far the host's clock is ahead."""
    by: tuple[str, ...] = ()
    """The command that starts journalctl."""

    def __post_init__(self) -> None:
        if not REMOTE.exists() or shutil.which("journalctl") is None:
            pytest.skip("journalctl and systemd-journal-remote are not both here")
        self.began = int(time.time()) - 86_400

    @property
    def journals(self) -> Path:
        return self.folder / "journal"

    def write(self, *messages: bytes, file: str = "a.journal", fields: bytes = b"") -> None:
        """Let systemd write entries, a second apart, into one *file* of the journal."""
        exported = b""
        for message in messages:
            self.written += 1
            exported += (
                f"__REALTIME_TIMESTAMP={(self.began + self.written) * 1_000_000}\n"
                f"__MONOTONIC_TIMESTAMP={self.written * 1_000_000}\n_BOOT_ID={BOOT}\n_MACHINE_ID={BOOT}\n"
                "PRIORITY=3\nSYSLOG_IDENTIFIER=shop\n"
            ).encode()
            exported += fields + b"MESSAGE\n" + len(message).to_bytes(8, "little") + message + b"\n\n"
        self.journals.mkdir(exist_ok=True)
        subprocess.run(
            [REMOTE, "-o", self.journals / file, "-"],
            input=exported,
            env={**os.environ, "LD_LIBRARY_PATH": str(DEBIAN / "lib" / "x86_64-linux-gnu")},
            capture_output=True,
            check=True,
        )

    def archive(self, number: int) -> str:
        """Return the name of an archived file: vacuuming deletes these, smallest *number* first."""
        return f"system@{BOOT}-{number:016x}-{number:016x}.journal"

    def vacuum(self, files: int) -> None:
        """Keep only *files* files of the journal, like journald does when they become too large."""
        command = [self.journalctl, f"--directory={self.journals}", f"--vacuum-files={files}"]
        subprocess.run(command, capture_output=True, check=True)

    @property
    def journalctl(self) -> str:
        return shutil.which("journalctl") or ""

    @contextmanager
    def agent(self) -> Iterator[JournalCourier]:
        """Run an agent; leaving the block is like killing it: it gets no chance to clean up."""
        command = [*self.by, self.journalctl, f"--directory={self.journals}"]
        journal = Journal(command, Marks(self.folder / "spool"), lambda: system_clock() + self.off)
        transport = httpx.MockTransport(self.collector.take)
        with httpx.Client(transport=transport, base_url="http://toban.example") as client:
            yield JournalCourier(
                journal, client, "web-1", is_stopped=lambda: False, elapsed=lambda: self.seconds
            )
        journal.close()

    def sends(self) -> list[str]:
        """Start an agent, let it send everything, and return the stored messages."""
        with self.agent() as courier:
            assert str(courier.step()) == ""
        return self.messages

    @property
    def messages(self) -> list[str]:
        return [orjson.loads(line)["MESSAGE"] for line in self.collector.lines]
