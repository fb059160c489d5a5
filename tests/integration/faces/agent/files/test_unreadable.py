"""Unreadable files are reported and do not delay others; their lines are stored once they are readable."""

import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from tests.integration.faces.agent.host import PACKERS, Host, pack

from toban.message import Message

MEBIBYTE = 1024 * 1024
MKFS, MOUNT, UMOUNT, SYNC = map(shutil.which, ("mkfs.ext4", "mount", "umount", "sync"))
REFUSED = Path("/sys/class/net/lo/speed")
"""It can be opened, but reading fails: the loopback interface has no speed."""

FORBIDDEN = Path("/sys/bus/cpu/drivers_probe")
"""It can be written, but nobody can read it, not even root."""


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path, ("app.log", "other.log"))


def append(path: Path, line: str) -> None:
    with path.open("a") as file:
        file.write(f"{line}\n")


@pytest.mark.parametrize(
    ("bad", "reason", "hint"),
    [
        (REFUSED, "Invalid argument", "dmesg で、そのファイルのあるディスクや接続を確かめてください"),
        (
            FORBIDDEN,
            "Permission denied",
            "エージェントのアカウントを、読めるグループ (adm など)",
        ),
    ],
)
def test_an_unreadable_file_is_reported_with_a_hint_and_the_others_continue(
    host: Host, bad: Path, reason: str, hint: str
) -> None:
    skip_unless_unreadable(bad)
    host.log.symlink_to(bad)
    other = host.folder / "other.log"
    with capture_logs() as warned, host.agent() as shipper:
        for line in ("a", "b"):
            append(other, line)
            told = str(shipper.step())
            assert told.startswith(f"読めないログがあります: {host.log} ({reason})\nHINT: {hint}")
            host.seconds += 61
        host.log.unlink()
        host.write("c")
        assert str(shipper.step()) == ""

    assert host.collector.lines == [b"a", b"b", b"c"]
    assert [each["reason"] for each in warned if each["event"] == "log_not_readable"] == [reason]


def skip_unless_unreadable(path: Path) -> None:
    try:
        path.read_bytes()
    except FileNotFoundError:
        pytest.skip(f"this machine has no {path}")
    except OSError:
        return
    pytest.skip(f"{path} can be read here")


def test_some_unreadable_files_are_named_and_the_rest_are_counted(host: Host) -> None:
    skip_unless_unreadable(REFUSED)
    skip_unless_unreadable(FORBIDDEN)
    host.patterns = ("*.log",)
    for number, bad in enumerate((REFUSED, FORBIDDEN)):
        (host.folder / f"{number}.log").symlink_to(bad)
    with host.agent() as shipper:
        told = str(shipper.step())

    names = f"{host.folder}/0.log、{host.folder}/1.log"
    assert told.startswith(f"読めないログがあります: {names} (Invalid argument、Permission denied)\nHINT: ")
    assert told.endswith("。ほかのファイルは送り続けています")


class Disk:
    """A separate disk that fails and comes back when the test says so."""

    def __init__(self, folder: Path) -> None:
        self._image = folder / "image"
        self._kept = folder / "kept"
        self.at = folder / "disk"
        self.at.mkdir()

    def make(self) -> None:
        with self._image.open("wb") as file:
            file.truncate(32 * MEBIBYTE)
        subprocess.run([MKFS or "", "-q", self._image], check=True, capture_output=True)
        subprocess.run([MOUNT or "", "-o", "loop", self._image, self.at], check=True, capture_output=True)

    def fail(self, path: Path) -> None:
        """Remove the data beneath the file at *path*, and drop it from the page cache."""
        subprocess.run([SYNC or "", "--file-system", path], check=True)
        shutil.copyfile(self._image, self._kept)
        os.truncate(self._image, 0)
        with path.open("rb") as file:
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)

    def come_back(self) -> None:
        with self._image.open("r+b") as into, self._kept.open("rb") as kept:
            shutil.copyfileobj(kept, into)
            into.flush()
            os.fsync(into.fileno())

    def unmount(self) -> None:
        # Also where a test that failed still holds a file: what stays mounted can be removed by nobody.
        subprocess.run([UMOUNT or "", "--lazy", self.at], check=True, capture_output=True)


@contextmanager
def disk_in(folder: Path) -> Iterator[Disk]:
    disk = Disk(folder)
    try:
        disk.make()
    except (OSError, subprocess.CalledProcessError) as problem:
        pytest.skip(f"a loop device cannot be mounted here: {problem}")
    try:
        yield disk
    finally:
        disk.unmount()


@pytest.mark.parametrize("is_acknowledged", [False, True])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_file_on_a_failing_disk_keeps_its_position_and_others_continue(
    host: Host, tmp_path: Path, is_restarted: bool, is_acknowledged: bool
) -> None:
    lines = [f"line {number} {'x' * 1000}" for number in range(3000)]
    with disk_in(tmp_path) as disk:
        failing = disk.at / "failing.log"
        host.patterns = ("app.log", "disk/failing.log")
        failing.write_text("".join(f"{line}\n" for line in lines[:1500]))
        host.sends()
        host.collector.status = 200 if is_acknowledged else 503
        host.collector.forgets_to_answer = is_acknowledged
        with failing.open("a") as file:
            file.writelines(f"{line}\n" for line in lines[1500:])
        with host.agent() as shipper:
            shipper.step()
            host.collector.status, host.collector.forgets_to_answer = 200, False
            disk.fail(failing)
            if not is_restarted:
                told_and_followed(host, shipper.step, failing)
        with host.agent() as shipper:
            told_and_followed(host, shipper.step, failing)
            disk.come_back()
            host.seconds += 61
            assert str(shipper.step()) == ""
        host.sends()

    stored = [line.split()[1] for line in host.collector.lines if line.startswith(b"line")]
    assert [int(number) for number in stored] == list(range(3000))


@pytest.mark.parametrize("ending", PACKERS)
def test_the_agent_waits_for_a_compressed_file_on_a_failing_disk(
    host: Host, tmp_path: Path, ending: str
) -> None:
    lines = [random.Random(number).randbytes(500).hex() for number in range(4000)]  # noqa: S311 - no secret
    with disk_in(tmp_path) as disk:
        place = disk.at / "failing.log"
        host.patterns = ("app.log", "disk/failing.log")
        place.write_text(f"{lines[0]}\n")
        host.sends()
        place.write_text("".join(f"{line}\n" for line in lines))
        failing = pack(place, ending)
        disk.fail(failing)
        for _ in range(2):
            with host.agent() as shipper:
                told_and_followed(host, shipper.step, failing)
                disk.come_back()
                disk.fail(failing)
        disk.come_back()
        host.sends()

    stored = [line.decode() for line in host.collector.lines if line != b"of the other file"]
    assert stored == lines


def told_and_followed(host: Host, step: Callable[[], Message], failing: Path) -> None:
    """Check that a failing file is reported, and that another one continues."""
    host.seconds += 61
    before = len(host.collector.lines)
    host.write("of the other file")
    told = str(step())
    assert told.startswith(f"読めないログがあります: {failing} (Input/output error)\nHINT: dmesg "), told
    assert host.collector.lines[before:] == [b"of the other file"]
