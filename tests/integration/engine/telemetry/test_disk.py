"""Power cuts and full disks, on a file system of the test's own. Needs root, for loop devices."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from random import Random
from threading import Event, Thread
from time import sleep

import psutil
import pytest

from toban.design.values.metric import Metric
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
    """An empty file system in a file; skips by name where loop devices are not to be had."""
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
    cut = tmp_path / "cut.img"
    with (
        _mounted(image, tmp_path / "disk") as disk,
        _writing(start_store("--keep-free", "0", directory=disk / "store")) as writer,
    ):
        for number in range(5):
            sleep(1 + number / 3)
            acknowledged = writer.cut_power(image, cut)

            with _mounted(cut, tmp_path / f"after-{number}") as after:
                restarted = start_store("--keep-free", "0", directory=after / "store")
                found = {int(batch) for batch in restarted.told(BATCHES).split()}
                telemetry = Telemetry(restarted.telemetry_url)
                telemetry.write(_batch(acknowledged), token=str(acknowledged))
                telemetry.close()
                samples, distinct, rolled_up = map(int, restarted.told(COUNTS).split())
                restarted.stop(signal.SIGTERM)

            assert acknowledged > 0
            assert set(range(acknowledged)) <= found
            assert distinct == (acknowledged + 1) * BATCH
            # Only the batch that was under way may be twice there: the engine doesn't sync its log of tokens.
            assert distinct <= samples <= distinct + BATCH
            assert distinct <= rolled_up <= distinct + BATCH


def test_a_full_disk_loses_nothing_acknowledged_and_the_rest_can_be_sent_again(
    start_store: StartStore, tmp_path: Path, image: Path
) -> None:
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
                telemetry.write(_noise(acknowledged), token=str(acknowledged))
        full = int(child.told("SELECT count() FROM samples"))
        ballast.unlink()

        telemetry.write(_noise(acknowledged), token=str(acknowledged))
        telemetry.close()
        mended = child.told(COUNTS).split()
        child.stop(signal.SIGTERM)

    assert acknowledged > 0
    assert full >= acknowledged * 50 * BATCH
    assert mended == [str((acknowledged + 1) * 50 * BATCH)] * 3


BATCHES = "SELECT DISTINCT intDiv(toUnixTimestamp64Milli(at) - 1795608000000, 1000) FROM samples"
COUNTS = "SELECT count(), uniqExact(at), (SELECT sum(count) FROM samples_5m) FROM samples"


class _Writer:
    """Writes numbered batches, one sample a millisecond, and knows how many were acknowledged."""

    def __init__(self, child: StoreProcess) -> None:
        self._child = child
        self._telemetry = Telemetry(child.telemetry_url)
        self._telemetry.ensure_schema()
        self._acknowledged = 0
        self.enough = Event()

    def run(self) -> None:
        with suppress(StoreUnavailable):
            while not self.enough.is_set():
                self._telemetry.write(_batch(self._acknowledged), token=str(self._acknowledged))
                self._acknowledged += 1
        self._telemetry.close()

    def cut_power(self, image: Path, copy: Path) -> int:
        """Copy what the disk itself holds at a moment, without what only the kernel's memory holds.

        Return how many batches had been acknowledged by then.
        """
        self._child.process.send_signal(signal.SIGSTOP)
        while psutil.Process(self._child.process.pid).status() != psutil.STATUS_STOPPED:
            sleep(0.01)
        shutil.copyfile(image, copy)
        # Whatever was acknowledged before the stop has arrived by now.
        acknowledged = self._acknowledged
        self._child.process.send_signal(signal.SIGCONT)
        return acknowledged


@contextmanager
def _writing(child: StoreProcess) -> Iterator[_Writer]:
    writer = _Writer(child)
    thread = Thread(target=writer.run)
    thread.start()
    try:
        yield writer
    finally:
        writer.enough.set()
        thread.join()
        child.stop(signal.SIGTERM)


def _batch(number: int) -> list[Sample]:
    first = NOON + timedelta(milliseconds=BATCH * number)
    return [
        Sample(Metric.UP, "Web", "web-1", first + timedelta(milliseconds=offset), 1.0)
        for offset in range(BATCH)
    ]


def _noise(number: int) -> list[Sample]:
    # Figures that hardly compress, so that the disk fills soon; the same ones for the same number.
    figures = memoryview(Random(number).randbytes(8 * 50 * BATCH)).cast("Q")  # noqa: S311 - figures, no secret
    first = NOON + timedelta(milliseconds=50 * BATCH * number)
    return [
        Sample(Metric.UP, "Web", "web-1", first + timedelta(milliseconds=offset), figure / 2**64)
        for offset, figure in enumerate(figures)
    ]


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
