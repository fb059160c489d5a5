"""Power cuts and full disks, on a separate file system. Needs root, for loop devices."""

import os
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import sleep

import psutil
import pytest
from tests.telemetry_rows import LogRow, batch_of

from toban.design.values.metric import Metric
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import StoreUnavailable, Telemetry

from .conftest import StartStore, StoreProcess

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
BATCH = 1_000
MEBIBYTE = 1024**2

_MKFS, _MOUNT, _UMOUNT = (shutil.which(name) for name in ("mkfs.ext4", "mount", "umount"))

pytestmark = pytest.mark.slow


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """An empty file system in a file; skips with the reason if loop devices are not available."""
    if os.geteuid() != 0 or not (_MKFS and _MOUNT and _UMOUNT):
        pytest.skip("a loop device needs root and mkfs.ext4")
    made = tmp_path / "disk.img"
    _make(made, 512 * MEBIBYTE)
    try:
        with _mounted(made, tmp_path / "probe"):
            pass
    except subprocess.CalledProcessError as exc:
        pytest.skip(f"a loop device cannot be mounted here: {exc.stderr.decode().strip()}")
    return made


def test_a_power_cut_loses_nothing_acknowledged_and_the_rest_can_be_sent_again(
    start_store: StartStore, image: Path, tmp_path: Path
) -> None:
    for number, (acknowledged, restarted) in enumerate(_power_cuts(start_store, image, tmp_path, _write)):
        found = {int(batch) for batch in restarted.told(BATCHES).split()}
        telemetry = Telemetry(restarted.telemetry_url)
        _write(telemetry, acknowledged)
        telemetry.close()
        samples, distinct, rolled_up = map(int, restarted.told(COUNTS).split())

        assert acknowledged > 0, number
        assert set(range(acknowledged)) <= found
        assert distinct == (acknowledged + 1) * BATCH
        # Only the batch being written may be stored twice: the engine doesn't sync its log of tokens.
        assert distinct <= samples <= distinct + BATCH
        assert distinct <= rolled_up <= distinct + BATCH


def test_a_power_cut_neither_loses_nor_duplicates_logs(
    start_store: StartStore, image: Path, tmp_path: Path
) -> None:
    for number, (acknowledged, restarted) in enumerate(_power_cuts(start_store, image, tmp_path, _log)):
        telemetry = Telemetry(restarted.telemetry_url)
        _log(telemetry, acknowledged)
        telemetry.close()

        whole = str((acknowledged + 1) * BATCH)

        assert acknowledged > 0, number
        assert restarted.told(LOG_COUNTS).split() == [whole, whole]


def test_a_full_disk_loses_nothing_acknowledged_and_the_rest_can_be_sent_again(
    start_store: StartStore, tmp_path: Path, image: Path
) -> None:
    acknowledged, full, mended = _full_disk(start_store, tmp_path, _write_noise, COUNTS)

    assert acknowledged > 0
    assert full >= acknowledged * 50 * BATCH
    assert mended == [(acknowledged + 1) * 50 * BATCH] * 3


def test_a_full_disk_neither_loses_nor_duplicates_logs(
    start_store: StartStore, tmp_path: Path, image: Path
) -> None:
    acknowledged, full, mended = _full_disk(start_store, tmp_path, _log_noise, LOG_COUNTS)

    assert acknowledged > 0
    assert full >= acknowledged * BATCH
    assert mended == [(acknowledged + 1) * BATCH] * 2


BATCHES = "SELECT DISTINCT intDiv(toUnixTimestamp64Milli(at) - 1795608000000, 1000) FROM samples"
COUNTS = "SELECT count(), uniqExact(at), (SELECT sum(count) FROM samples_5m) FROM samples"
LOG_COUNTS = "SELECT count(), uniqExact(message) FROM logs"

type Write = Callable[[Telemetry, int], None]
"""Writes a numbered batch; the same number gives the same batch."""


def _power_cuts(
    start_store: StartStore, image: Path, tmp_path: Path, write: Write
) -> Iterator[tuple[int, StoreProcess]]:
    """Cut the power five times while batches are written.

    Yield the number of acknowledged batches, and a store started on the remaining content of the disk.
    """
    cut = tmp_path / "cut.img"
    with (
        _mounted(image, tmp_path / "disk") as disk,
        _writing(start_store("--keep-free", "0", directory=disk / "store"), write) as writer,
    ):
        for number in range(5):
            sleep(1 + number / 3)
            acknowledged = writer.cut_power(image, cut)
            with _mounted(cut, tmp_path / f"after-{number}") as after:
                restarted = start_store("--keep-free", "0", directory=after / "store")
                yield acknowledged, restarted
                restarted.stop(signal.SIGTERM)


def _full_disk(
    start_store: StartStore, tmp_path: Path, write: Write, counts: str
) -> tuple[int, int, list[int]]:
    """Write until the disk is full, free some space, and write what was refused.

    Return the number of acknowledged batches, the number of their rows, and the *counts* at the end.
    """
    small = tmp_path / "small.img"
    _make(small, 64 * MEBIBYTE)
    with _mounted(small, tmp_path / "disk") as disk:
        ballast = disk / "ballast"
        ballast.write_bytes(bytes(24 * MEBIBYTE))
        child = start_store("--keep-free", "0", directory=disk / "store")
        telemetry = Telemetry(child.telemetry_url)
        telemetry.ensure_schema()
        acknowledged = 0
        with suppress(StoreUnavailable):
            for acknowledged in count():
                write(telemetry, acknowledged)
        full = int(child.told(counts).split()[0])
        ballast.unlink()

        write(telemetry, acknowledged)
        telemetry.close()
        mended = [int(each) for each in child.told(counts).split()]
        child.stop(signal.SIGTERM)
    return acknowledged, full, mended


class _Writer:
    """Writes numbered batches and counts the acknowledged ones."""

    def __init__(self, child: StoreProcess, write: Write) -> None:
        self._child = child
        self._write = write
        self._telemetry = Telemetry(child.telemetry_url)
        self._telemetry.ensure_schema()
        self._acknowledged = 0
        self.enough = Event()

    def run(self) -> None:
        with suppress(StoreUnavailable):
            while not self.enough.is_set():
                self._write(self._telemetry, self._acknowledged)
                self._acknowledged += 1
        self._telemetry.close()

    def cut_power(self, image: Path, copy: Path) -> int:
        """Copy the content of the disk at one moment, without data that is only in the kernel's memory.

        Return the number of batches acknowledged by then.
        """
        self._child.process.send_signal(signal.SIGSTOP)
        while psutil.Process(self._child.process.pid).status() != psutil.STATUS_STOPPED:
            sleep(0.01)
        shutil.copyfile(image, copy)
        # Everything acknowledged before the stop has been counted by now.
        acknowledged = self._acknowledged
        self._child.process.send_signal(signal.SIGCONT)
        return acknowledged


@contextmanager
def _writing(child: StoreProcess, write: Write) -> Iterator[_Writer]:
    writer = _Writer(child, write)
    thread = Thread(target=writer.run)
    thread.start()
    try:
        yield writer
    finally:
        writer.enough.set()
        thread.join()
        child.stop(signal.SIGTERM)


def _write(telemetry: Telemetry, number: int) -> None:
    first = NOON + timedelta(milliseconds=BATCH * number)
    samples = [
        Sample(Metric.UP, "Web", "web-1", first + timedelta(milliseconds=offset), 1.0)
        for offset in range(BATCH)
    ]
    telemetry.write(samples, token=str(number))


def _log(telemetry: Telemetry, number: int) -> None:
    _write_log(telemetry, number, [f"line {number * BATCH + offset}" for offset in range(BATCH)])


def _log_noise(telemetry: Telemetry, number: int) -> None:
    chance = Random(number)  # noqa: S311 - figures, no secret
    _write_log(telemetry, number, [chance.randbytes(400).hex() for _ in range(BATCH)])


def _write_log(telemetry: Telemetry, number: int, messages: Sequence[str]) -> None:
    day, at = NOON.date().isoformat(), NOON.timestamp() + number
    rows = [
        LogRow(
            *("application", day, at, "INFO", "shop", message, "", "", "", "", "", "", ""),
            *(0, 0.0, {"line": place}, "sender", place),
        )
        for place, message in enumerate(messages, 1)
    ]
    LogStore(telemetry).write(batch_of(key_of("sender", str(number), b""), rows))


def _write_noise(telemetry: Telemetry, number: int) -> None:
    # Figures that hardly compress, so that the disk fills soon; the same number gives the same figures.
    figures = memoryview(Random(number).randbytes(8 * 50 * BATCH)).cast("Q")  # noqa: S311 - figures, no secret
    first = NOON + timedelta(milliseconds=50 * BATCH * number)
    samples = [
        Sample(Metric.UP, "Web", "web-1", first + timedelta(milliseconds=offset), figure / 2**64)
        for offset, figure in enumerate(figures)
    ]
    telemetry.write(samples, token=str(number))


def _make(image: Path, size: int) -> None:
    with image.open("wb") as file:
        file.truncate(size)
    subprocess.run([_MKFS or "", "-q", image], check=True, capture_output=True)


@contextmanager
def _mounted(image: Path, at: Path) -> Iterator[Path]:
    at.mkdir()
    subprocess.run([_MOUNT or "", "-o", "loop", image, at], check=True, capture_output=True)
    try:
        yield at
    finally:
        subprocess.run([_UMOUNT or "", at], check=True, capture_output=True)
