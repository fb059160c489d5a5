"""Log files compressed as soon as they are rotated are read to their end, each line once."""

import lzma
import os
import random
import tracemalloc
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
import zstandard
from structlog.testing import capture_logs
from tests.integration.faces.agent.host import PACKERS, Host, pack, zipped

from toban.faces.agent.files.positions import Positions
from toban.faces.agent.files.tail import FileTail

MEBIBYTE = 1024 * 1024


def noise(seed: int) -> str:
    """Return a long line that compresses to no less than half."""
    return random.Random(seed).randbytes(100_000).hex()  # noqa: S311 - no secret


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


@pytest.fixture(params=PACKERS)
def ending(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_files_compressed_while_the_agent_was_stopped_are_read_in_order(host: Host, ending: str) -> None:
    host.write("a", "b")
    host.sends()
    for line in ("c", "d", "e"):
        host.write(line, end="" if line == "d" else "\n")
        host.rename()
        host.pack(ending=ending)
        host.seconds += 60
    host.write("f")

    assert host.sends() == [b"a", b"b", b"c", b"d", b"e", b"f"]
    assert host.sends() == [b"a", b"b", b"c", b"d", b"e", b"f"]
    assert {each["file"] for each in host.collector.asked} == {str(host.log)}


@pytest.mark.parametrize("is_acknowledged", [False, True])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_an_unacknowledged_batch_is_sent_again_unchanged(
    host: Host, ending: str, is_restarted: bool, is_acknowledged: bool
) -> None:
    long = [f"line {number} {'x' * 1000}" for number in range(3500)]
    host.write(*long[:5])
    host.sends()
    host.collector.status, host.collector.forgets_to_answer = (200, True) if is_acknowledged else (503, False)
    with host.agent() as shipper:
        host.write(*long[5:2500])
        shipper.step()
        host.rename()
        host.pack(ending=ending)
        host.write(*long[2500:])
        host.collector.status, host.collector.forgets_to_answer = 200, False
        host.seconds += 61
        if not is_restarted:
            shipper.step()

    assert [int(line.split()[1]) for line in host.sends()] == list(range(3500))


@pytest.mark.parametrize("sent", [0, 1])
def test_a_file_held_open_while_it_is_compressed_is_not_read_twice(host: Host, sent: int) -> None:
    host.write("line 0")
    host.collector.status = 200 if sent else 503
    with host.agent() as shipper, host.log.open("a") as writer:
        shipper.step()
        host.write("line 1")
        host.rename()
        host.pack()
        host.write("line 3")
        host.collector.status = 200
        host.seconds += 61
        shipper.step()
        writer.write("line 2, late\n")
        writer.flush()
        host.rename()
        shipper.step()

    assert sorted(host.sends()) == [b"line 0", b"line 1", b"line 2, late", b"line 3"]


def test_the_rest_of_a_file_that_was_copied_truncated_and_compressed_is_found(
    host: Host, ending: str
) -> None:
    host.write("a")
    host.sends()
    host.write("b")
    host.copy_and_truncate()
    host.pack(ending=ending)
    host.write("c")

    assert host.sends() == [b"a", b"b", b"c"]


def test_a_compressed_file_is_recognised_by_content_and_not_by_name(host: Host) -> None:
    host.write("of monday")
    host.sends()
    host.write("late on monday")
    host.rename()
    pack(host.folder / "app.log.1").rename(host.folder / "app.log-20261123.gz")
    for name, lines in (("app.log.1", "of another\n"), ("app.log.2", "of monday\nbut another's\n")):
        (host.folder / name).write_text(lines)
        os.utime(host.folder / name, (0, 0))
        pack(host.folder / name)

    assert host.sends() == [b"of monday", b"late on monday"]


@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_a_file_created_and_compressed_between_two_looks_is_sent_too(
    tmp_path: Path, pattern: str, is_restarted: bool
) -> None:
    host = Host(tmp_path, (pattern,))
    host.write("a")
    with host.agent() as shipper:
        shipper.step()
        host.rename()
        host.write("b")
        host.rename()
        host.pack()
        host.write("c")
        if not is_restarted:
            shipper.step()

    assert host.sends() == [b"a", b"b", b"c"]


def test_an_old_file_with_the_same_beginning_is_not_taken_for_the_rest(host: Host) -> None:
    host.write("#Fields: date time")
    host.sends()
    old = host.folder / "app.log-20250101"
    old.write_text("#Fields: date time\nof last year\n")
    os.utime(old, (0, 0))
    pack(old)
    host.write("a")
    host.rename()
    pack(host.folder / "app.log.1").rename(host.folder / "app.log-20261126.gz")

    assert host.sends() == [b"#Fields: date time", b"a"]


def test_other_files_are_not_reread_while_waiting_for_a_compressed_one(host: Host) -> None:
    head = "h" * 2000
    other = host.folder / "app.log.7"
    other.write_text("\n".join((head, *map(noise, range(30)))))
    os.utime(other, (0, 0))
    size = pack(other).stat().st_size
    host.write(head, noise(99))
    host.sends()
    host.write("b")
    host.rename()
    packed = host.pack()
    os.truncate(packed, packed.stat().st_size // 2)

    with host.agent() as shipper:
        shipper.step()
        before = bytes_read()
        shipper.step()
        assert bytes_read() - before < size // 2


def bytes_read() -> int:
    """Return how many bytes this process has read so far."""
    told = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(told["rchar"])


def test_a_file_empty_when_last_seen_is_found_by_its_modification_time(host: Host) -> None:
    host.log.touch()
    host.sends()
    host.write("a")
    host.rename()
    host.pack()
    # On many file systems it gets the inode freed by the compression.
    host.rename()

    assert host.sends() == [b"a"]


@pytest.mark.parametrize("kept", [0.0, 0.5, 0.999])
def test_a_compressed_file_that_still_grows_is_reported_and_delays_no_other(
    host: Host, ending: str, kept: float
) -> None:
    host.write("a", noise(1))
    host.sends()
    host.write("b", noise(2))
    host.rename()
    packed = host.pack(ending=ending)
    whole = packed.read_bytes()
    packed.write_bytes(whole[: int(len(whole) * kept)])
    host.write("c")

    with capture_logs() as told:
        host.sends()
        host.sends()
        with host.agent() as shipper:
            shipper.step()
            shipper.step()
            assert host.collector.lines[2:] == [b"c"]
            packed.write_bytes(whole)
            # The writer may only have paused: two looks must find the same size.
            shipper.step()
            shipper.step()

    assert host.collector.lines[2:] == [b"c", b"b", noise(2).encode()]
    reasons = [each["event"] for each in told if each["log_level"] == "warning"]
    assert reasons == ["log_packed_unreadable"] * 3
    assert host.sends() == host.collector.lines


def test_a_damaged_file_is_reported_and_abandoned_once_it_is_gone(host: Host) -> None:
    host.write("a", noise(1))
    host.sends()
    host.write("b")
    host.rename()
    packed = host.pack()
    content = bytearray(packed.read_bytes())
    content[len(content) // 2] ^= 0xFF
    packed.write_bytes(content)
    host.write("c")

    with capture_logs() as told, host.agent() as shipper:
        shipper.step()
        host.rename()
        host.write("d")
        shipper.step()
        (host.folder / "app.log.2.gz").unlink()
        shipper.step()
        shipper.step()

    assert host.collector.lines[2:] == [b"c", b"d"]
    warned = [each for each in told if each["log_level"] == "warning"]
    assert [each["event"] for each in warned] == ["log_packed_unreadable", "log_rest_not_found"]
    assert warned[0]["path"] == str(packed)
    assert warned[0]["reason"]


def test_a_file_damaged_while_it_is_read_delays_no_other(host: Host) -> None:
    host.write("a")
    host.sends()
    host.write(*map(noise, range(30)))
    host.rename()
    packed = host.pack()
    host.write("z")
    host.collector.status = 503
    with host.agent() as shipper:
        shipper.step()
        content = packed.read_bytes()
        packed.write_bytes(content[: len(content) // 2] + bytes(len(content) - len(content) // 2))
        host.collector.status = 200
        for _ in range(4):
            host.seconds += 61
            shipper.step()

    assert host.collector.lines[-1] == b"z"
    assert b"a" in host.collector.lines
    assert len(host.collector.lines) == len(set(host.collector.lines))


def test_a_large_compressed_file_is_read_in_little_memory(host: Host, ending: str) -> None:
    host.write("first")
    host.sends()
    host.write(*(f"{number:08} {'x' * 990}" for number in range(40_000)))
    host.rename()
    host.pack(ending=ending)
    tail = FileTail([str(host.log)], Positions(host.folder / "spool"), host.now)

    tracemalloc.start()
    with closing(tail):
        tail.look()
        count = 0
        while ready := tail.ready():
            for tailed in ready:
                count += (tail.body(tailed) or b"").count(b"\n")
                tail.acknowledge(tailed)
        _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert count == 40_000
    assert most < 16 * MEBIBYTE


def greedy_xz(content: bytes) -> bytes:
    """Return *content* compressed by xz so that unpacking needs a dictionary of 4 GiB."""
    packed = bytearray(lzma.compress(content))
    # The header of the first block follows that of the stream, and ends with its checksum.
    begin, end = 12, 12 + 4 * packed[12]
    packed[begin + 4] = 40
    packed[end : end + 4] = zlib.crc32(packed[begin:end]).to_bytes(4, "little")
    return bytes(packed)


def greedy_zstd(content: bytes) -> bytes:
    """Return *content* compressed by Zstandard so that unpacking needs a window of 256 MiB."""
    stream = zstandard.ZstdCompressor().compressobj()
    packed = bytearray(stream.compress(content) + stream.flush())
    packed[5] = (28 - 10) << 3
    return bytes(packed)


def two_logs(content: bytes) -> bytes:
    return zipped(content, files=2)


def by_another_way(content: bytes) -> bytes:
    return zipped(content, how=zipfile.ZIP_LZMA)


def index_of_many(content: bytes) -> bytes:
    return zipped(content[:1], files=4000)


TOO_MUCH = "unpacking it takes more than 128 MiB of memory: unpack it beside, its time kept"


@pytest.mark.parametrize(
    ("ending", "packer", "reason"),
    [
        (".xz", greedy_xz, TOO_MUCH),
        (".zst", greedy_zstd, TOO_MUCH),
        (".zip", two_logs, "it holds 2 files, and not one log"),
        (".zip", by_another_way, "it is not compressed by deflate"),
        (".zip", index_of_many, "its index is too long"),
    ],
)
def test_an_unsupported_compression_is_reported_and_its_unpacked_copy_is_read(
    host: Host, ending: str, packer: Callable[[bytes], bytes], reason: str
) -> None:
    host.write("a")
    host.sends()
    host.write("b")
    host.rename()
    rotated = host.folder / "app.log.1"
    content, stat = rotated.read_bytes(), rotated.stat()
    rotated.unlink()
    packed = host.folder / f"app.log.1{ending}"
    packed.write_bytes(packer(content))
    host.write("c")

    with capture_logs() as told, host.agent() as shipper:
        shipper.step()
        shipper.step()
        rotated.write_bytes(content)
        os.utime(rotated, ns=(stat.st_atime_ns, stat.st_mtime_ns))
        shipper.step()

    assert sorted(host.collector.lines) == [b"a", b"b", b"c"]
    (warned,) = [each for each in told if each["log_level"] == "warning"]
    assert (warned["path"], warned["reason"]) == (str(packed), reason)


def test_concatenated_streams_are_one_log(host: Host, ending: str) -> None:
    if ending == ".zip":
        pytest.skip("of zip files there is no such thing")
    host.write("a")
    host.sends()
    host.write("b")
    host.rename()
    rotated = host.folder / "app.log.1"
    stat = rotated.stat()
    rotated.unlink()
    packed = host.folder / f"app.log.1{ending}"
    packed.write_bytes(PACKERS[ending](b"a\n") + PACKERS[ending](b"b\n"))
    os.utime(packed, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    assert host.sends() == [b"a", b"b"]
