"""Lines are sent once although their file is copied before it is emptied, and compressed more than once."""

import gzip
import os
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs
from tests.integration.faces.agent.host import Collector, Host
from tests.integration.faces.agent.rotation import logrotate

from toban.engine.clock import system_clock
from toban.faces.agent.files.positions import Positions
from toban.faces.agent.files.tail import FileTail
from toban.faces.agent.logs import Shipper

PATTERNS = (("app.log",), ("app.log*",))


@pytest.fixture(params=PATTERNS, ids=["one", "all"])
def host(request: pytest.FixtureRequest, tmp_path: Path) -> Host:
    return Host(tmp_path, request.param)


@pytest.mark.parametrize("is_packed", [False, True])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_copy_that_lacks_lines_already_sent_is_not_sent_again(
    host: Host, is_restarted: bool, is_packed: bool
) -> None:
    host.write("a")
    with host.agent() as shipper:
        shipper.step()
        host.write("b")
        shipper.step()
        host.copy()
        host.write("c")
        shipper.step()
        host.truncate()
        if is_packed:
            host.pack()
        host.write("d")
        if not is_restarted:
            shipper.step()
    with capture_logs() as told:
        host.sends()

    assert host.sends() == [b"a", b"b", b"c", b"d"]
    assert "log_rest_not_found" not in [each["event"] for each in told]


def test_a_copy_is_recognized_by_a_long_file_that_was_read_in_several_parts(host: Host) -> None:
    lines = [f"{number} {'x' * 1000}" for number in range(3000)]
    host.write(*lines[:2000])
    with host.agent() as shipper:
        shipper.step()
        host.copy()
        host.write(*lines[2000:])
        shipper.step()
        host.truncate()
        shipper.step()

    assert host.collector.lines == [line.encode() for line in lines]


def test_a_file_emptied_while_its_lines_are_being_sent_is_not_sent_again(host: Host) -> None:
    host.write("a")
    host.sends()
    host.write("b")
    host.collector.meanwhile = host.copy_and_truncate
    with host.agent() as shipper:
        shipper.step()
        host.write("c")
        shipper.step()

    assert host.sends() == [b"a", b"b", b"c"]


@pytest.mark.parametrize("is_stored", [False, True])
def test_an_unacknowledged_batch_of_which_the_copy_has_a_part_is_sent_with_the_same_key(
    host: Host, is_stored: bool
) -> None:
    host.write("a")
    host.sends()
    host.write("b")
    host.copy()
    host.write("c")
    host.collector.status, host.collector.forgets_to_answer = (200, True) if is_stored else (503, False)
    with host.agent() as shipper:
        shipper.step()
        host.truncate()
        host.write("d")
        host.collector.status, host.collector.forgets_to_answer = 200, False
        host.seconds += 61
        shipper.step()

    # If the first attempt failed, logrotate itself has lost what the copy lacks.
    assert sorted(host.sends()) == ([b"a", b"b", b"c", b"d"] if is_stored else [b"a", b"b", b"d"])


def test_another_file_with_the_same_first_line_is_no_copy(host: Host) -> None:
    host.write("#Fields: date time", "a")
    with host.agent() as shipper:
        shipper.step()
        host.write("b")
        shipper.step()
        # The file is emptied without a copy, and two others come and go between two looks.
        host.truncate()
        host.write("#Fields: date time", "c")
        host.rename()
        host.write("d")
        shipper.step()

    assert sorted(host.sends()) == sorted([b"#Fields: date time"] * 2 + [b"a", b"b", b"c", b"d"])


@pytest.mark.parametrize("is_restarted", [False, True])
def test_lines_that_were_sent_are_not_sent_again_when_they_are_recompressed(
    host: Host, is_restarted: bool
) -> None:
    lines = [f"2026-11-26 09:00:0{number} line" for number in range(3)]
    host.write(*lines)
    with host.agent() as shipper:
        shipper.step()
        host.rename()
        shipper.step()
        host.seconds += 61
        shipper.step()
        rotated = host.folder / "app.log.1"
        for number in range(1, 4):
            # Without `gzip`'s care for the time.
            again = host.folder / f"app.log-{number}.gz"
            again.write_bytes(gzip.compress(rotated.read_bytes(), compresslevel=number))
            at = host.now().timestamp()
            os.utime(again, (at, at))
        rotated.unlink()
        host.write("2026-11-26 09:00:04 line")
        host.rename()
        if not is_restarted:
            shipper.step()

    assert host.sends() == [line.encode() for line in (*lines, "2026-11-26 09:00:04 line")]


def test_equal_lines_without_a_time_may_have_been_written_again(tmp_path: Path) -> None:
    host = Host(tmp_path)
    host.write("done")
    with host.agent() as shipper:
        shipper.step()
        host.rename()
        host.write("2026-11-26 09:00:00 b")
        shipper.step()
        host.seconds += 61
        shipper.step()
    (host.folder / "app.log.1").unlink()
    host.rename()
    host.write("done")
    host.rename()
    host.pack()

    assert sorted(host.sends()) == [b"2026-11-26 09:00:00 b", b"done", b"done"]


DEEDS = st.lists(
    st.sampled_from(
        (
            *("write", "write", "write", "copy", "copy", "truncate", "truncate", "pack", "rename"),
            *("look", "look", "look", "restart", "away", "lost answer", "back", "wait", "meanwhile"),
        )
    ),
    max_size=40,
)


@settings(max_examples=150, deadline=None)
@given(deeds=DEEDS, patterns=st.sampled_from(PATTERNS))
def test_whatever_happens_between_copy_and_truncation_no_line_is_doubled(
    deeds: list[str], patterns: tuple[str, ...]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        scene = Scene(Host(Path(folder), patterns))
        for deed in [*deeds, "truncate", "back", "look", "look", "restart", "look"]:
            scene.play(deed)
        scene.agent.__exit__(None, None, None)

        stored = Counter(int(line.split()[-1]) for line in scene.host.collector.lines)
        assert [number for number, count in stored.items() if count > 1] == []
        assert set(range(scene.written)) - set(stored) <= scene.at_risk


class Scene:
    """A host, an agent, and what logrotate itself may lose."""

    def __init__(self, host: Host) -> None:
        self.host = host
        self.written = 0
        self.copied: int | None = None
        """Lines that were written when the copy was made whose original is not emptied yet."""
        self.at_risk: set[int] = set()
        self.write()
        self.agent = host.agent()
        self.shipper = self.agent.__enter__()
        self.shipper.step()

    def play(self, deed: str) -> None:
        match deed:
            case "write":
                self.write()
            case "copy" if self.copied is None:
                # logrotate rotates once per run, and a look happens in between.
                self.host.seconds += 61
                self.shipper.step()
                self.copied = self.written
                self.host.copy()
            case "truncate" if self.copied is not None:
                self.truncate()
            case "meanwhile" if self.copied is not None:
                self.host.collector.meanwhile = self.truncate
                self.write()
            case "pack" if self.copied is None and (self.host.folder / "app.log.1").exists():
                self.host.pack()
            case "rename" if self.copied is None:
                self.host.rename()
            case _:
                self.play_agent(deed)

    def play_agent(self, deed: str) -> None:
        match deed:
            case "look":
                self.host.seconds += 61
                self.shipper.step()
            case "restart":
                self.agent.__exit__(None, None, None)
                self.agent = self.host.agent()
                self.shipper = self.agent.__enter__()
            case "wait":
                self.host.seconds += 100
            case "away" | "lost answer" | "back":
                self.host.collector.status = 503 if deed == "away" else 200
                self.host.collector.forgets_to_answer = deed == "lost answer"

    def write(self) -> None:
        self.host.write(*(f"09:00:00 line {number}" for number in range(self.written, self.written + 2)))
        self.written += 2

    def truncate(self) -> None:
        if self.copied is not None:
            self.at_risk |= set(range(self.copied, self.written))
            self.copied = None
            # However long copying took, the copy was written to until now.
            now = self.host.now().timestamp()
            os.utime(self.host.folder / "app.log.1", (now, now))
            self.host.truncate()


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize(
    "orders",
    [
        ["copytruncate"],
        ["copytruncate", "compress"],
        ["copytruncate", "compress", "delaycompress"],
        ["copytruncate", "dateext", "dateformat -%s"],
        ["create", "compress", "delaycompress"],
    ],
    ids=" ".join,
)
def test_lines_are_sent_once_while_logrotate_rotates_a_file_that_is_being_written(
    tmp_path: Path, orders: list[str], pattern: str
) -> None:
    log, collector = tmp_path / "app.log", Collector()
    log.touch()
    rotate = logrotate(log, "rotate 999", *orders)
    is_over = threading.Event()
    written = rotated = 0

    def write() -> None:
        nonlocal written
        while not is_over.is_set():
            with log.open("a") as file:
                file.write(f"{system_clock().isoformat()} {written}\n")
            written += 1
            time.sleep(0.002)

    def keep_rotating() -> None:
        nonlocal rotated
        # The name of a dated copy changes each second.
        while not is_over.wait(1.1 if "dateext" in orders else 0.15):
            rotate()
            rotated += 1

    threads = [threading.Thread(target=each) for each in (write, keep_rotating)]
    tail = FileTail([str(tmp_path / pattern)], Positions(tmp_path / "spool"), system_clock)
    transport = httpx.MockTransport(collector.take)
    with httpx.Client(transport=transport, base_url="http://toban.example") as client:
        shipper = Shipper(tail, client, "web-1", is_stopped=lambda: False)
        for each in threads:
            each.start()
        until = time.monotonic() + 60
        while (written < 600 or rotated < 4) and time.monotonic() < until:
            shipper.step()
            time.sleep(0.02)
        is_over.set()
        for each in threads:
            each.join()
        shipper.step()
        shipper.step()
    tail.close()

    stored = Counter(int(line.split()[1]) for line in collector.lines)
    assert (written >= 600, rotated >= 4) == (True, True)
    assert [number for number, count in stored.items() if count > 1] == []
    # What is written between the copy and the truncation, logrotate itself may lose.
    kept = {int(line.split()[1]) for path in tmp_path.glob("app.log*") for line in content(path).splitlines()}
    assert kept - set(stored) == set()
    assert "create" not in orders or kept == set(range(written))


def content(path: Path) -> bytes:
    written = path.read_bytes()
    return gzip.decompress(written) if path.suffix == ".gz" else written
