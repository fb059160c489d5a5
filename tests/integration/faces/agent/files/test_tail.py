"""Log files are followed through every rotation: each line is sent, and stored once."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.integration.faces.agent.host import PACKERS, Host

from toban.chapters.logs.formats.encodings import in_utf8
from toban.chapters.logs.intake.limits import LONGEST_LINE
from toban.faces.agent.files.cutting import MOST
from toban.faces.agent.files.positions import Positions, PositionsUnusable
from toban.faces.agent.files.tail import FileTail


@pytest.fixture
def host(tmp_path: Path) -> Host:
    return Host(tmp_path)


def test_lines_are_sent_once_and_a_restart_continues_where_it_stopped(host: Host) -> None:
    host.write("a", "b")
    host.sends()
    host.write("c")

    assert host.sends() == [b"a", b"b", b"c"]
    assert dict(host.collector.asked[0]).items() >= {"file": str(host.log), "host": "web-1"}.items()


def test_an_unfinished_line_waits_for_its_end_but_not_forever(host: Host) -> None:
    host.write("whole", "par", end="")
    with host.agent() as shipper:
        shipper.step()
        assert host.collector.lines == [b"whole"]

        host.write("tial", "last", end="")
        shipper.step()
        assert host.collector.lines == [b"whole", b"partial"]

        host.seconds += 31
        shipper.step()
        assert host.collector.lines == [b"whole", b"partial", b"last"]


def test_a_file_that_is_renamed_is_read_to_its_end_and_the_new_one_from_its_beginning(host: Host) -> None:
    host.write("a")
    with host.agent() as shipper, host.log.open("a") as writer:
        shipper.step()
        host.write("b")
        host.rename()
        host.write("c")
        writer.write("late\n")
        writer.flush()
        shipper.step()

    assert sorted(host.collector.lines) == [b"a", b"b", b"c", b"late"]
    assert {each["file"] for each in host.collector.asked} == {str(host.log)}


def test_files_that_appeared_and_were_rotated_between_two_looks_are_sent_too(host: Host) -> None:
    host.write("a")
    with host.agent() as shipper:
        shipper.step()
        for line in ("b", "c", "d"):
            host.rename()
            host.write(line)
        shipper.step()

    assert sorted(host.collector.lines) == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("rotate", [Host.rename, Host.copy_and_truncate])
@pytest.mark.parametrize("pattern", ["app.log", "app.log*"])
@pytest.mark.parametrize("is_restarted", [False, True])
def test_waiting_lines_are_sent_in_the_order_they_were_written(
    tmp_path: Path, rotate: Callable[[Host], None], pattern: str, is_restarted: bool
) -> None:
    host = Host(tmp_path, (pattern,))
    host.write("line 0")
    host.sends()
    host.collector.status = 503
    # Each file is more than one batch, and a batch of the first one is unacknowledged when it is rotated.
    long = [f"line {number} {'x' * 1000}" for number in range(1, 3501)]
    with host.agent() as shipper:
        host.write(*long[:1500])
        shipper.step()
        host.write(*long[1500:2500])
        rotate(host)
        host.write(*long[2500:])
        host.seconds += 61
        shipper.step()
        host.collector.status = 200
        host.seconds += 61
        if not is_restarted:
            shipper.step()
    stored = host.sends()

    assert [int(line.split()[1]) for line in stored] == list(range(3501))


def test_files_rotated_while_the_agent_was_stopped_are_found_again(host: Host) -> None:
    (host.folder / "app.log.1").write_text("of last year\n")
    os.utime(host.folder / "app.log.1", (0, 0))
    host.write("a")
    host.sends()
    host.write("b")
    for line in ("c", "d"):
        host.rename()
        host.write(line)

    assert sorted(host.sends()) == [b"a", b"b", b"c", b"d"]


@pytest.mark.parametrize("patterns", [("app.log",), ("app.log*",)])
def test_the_rest_of_a_truncated_file_is_found_in_its_copy(host: Host, patterns: tuple[str, ...]) -> None:
    host.patterns = patterns
    host.write("a")
    with host.agent() as shipper:
        shipper.step()
        for line in ("b", "c"):
            host.write(line)
            host.copy_and_truncate()
            host.write(f"{line} after")
            shipper.step()
            host.seconds += 61
            shipper.step()

    assert sorted(host.collector.lines) == [b"a", b"b", b"b after", b"c", b"c after"]
    assert len(host.sends()) == 5


def test_a_copy_is_not_sent_separately_before_the_original_is_truncated(host: Host) -> None:
    host.patterns = ("app.log*",)
    host.write("a", "b")
    with host.agent() as shipper:
        shipper.step()
        (host.folder / "app.log.1").write_bytes(host.log.read_bytes())
        shipper.step()
        os.truncate(host.log, 0)
        shipper.step()

    assert host.collector.lines == [b"a", b"b"]


@pytest.mark.parametrize("after", ["x" * 10, "y" * 5000])
def test_a_file_truncated_and_grown_again_is_read_from_its_beginning(host: Host, after: str) -> None:
    host.write("x" * 100)
    host.sends()
    os.truncate(host.log, 0)
    host.write(after)

    assert host.sends() == [b"x" * 100, after.encode()]


def test_a_file_replaced_within_one_clock_tick_is_not_sent_as_the_old_one(host: Host) -> None:
    host.write("what was there")
    before = host.log.stat()
    tail = FileTail([str(host.log)], Positions(host.folder / "spool"), host.now)
    tail.look()
    (tailed,) = tail.ready()
    assert tail.body(tailed) == b"what was there\n"

    host.log.write_text("what is now so\n")
    os.utime(host.log, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tail.body(tailed) is None
    tail.look()
    (tailed,) = tail.ready()
    assert tail.body(tailed) == b"what is now so\n"
    tail.close()


def test_a_file_that_reuses_the_inode_of_an_old_one_is_new(host: Host) -> None:
    host.write("of the old")
    host.sends()
    inode = host.log.stat().st_ino
    host.log.write_text("a longer line of the new one\n")
    assert host.log.stat().st_ino == inode

    assert host.sends() == [b"of the old", b"a longer line of the new one"]


def test_unacknowledged_lines_are_sent_again_unchanged(host: Host) -> None:
    host.write("a", "b")
    host.collector.forgets_to_answer = True
    host.sends()
    host.write("c")
    host.collector.forgets_to_answer = False

    assert host.sends() == [b"a", b"b", b"c"]
    first, second, third = host.collector.asked
    assert (first.get("again"), second.get("again"), third.get("again")) == (None, "1", None)
    assert first["at"] == second["at"]


def test_an_unreachable_server_is_retried_less_and_less_and_nothing_is_lost(host: Host) -> None:
    host.write("a")
    host.collector.status = 503
    with host.agent() as shipper:
        for _ in range(600):
            assert "503" in str(shipper.step())
            host.seconds += 1
        assert len(host.collector.asked) < 20
        host.write("b")
        host.rename()
        host.write("c")
        host.collector.status = 200
        host.seconds += 60
        assert str(shipper.step()) == ""

    assert sorted(host.collector.lines) == [b"a", b"b", b"c"]


def test_files_are_watched_while_retries_are_paused(host: Host) -> None:
    host.write("a")
    host.collector.status = 503
    with host.agent() as shipper:
        shipper.step()
        host.copy_and_truncate()
        host.seconds += 61
        shipper.step()
        asked = len(host.collector.asked)
        host.write("b")
        shipper.step()
        host.copy_and_truncate()
        host.write("c")
        shipper.step()
        assert len(host.collector.asked) == asked
        host.collector.status = 200
        host.seconds += 61
        shipper.step()

    assert sorted(host.sends()) == [b"a", b"b", b"c"]


@pytest.mark.parametrize(
    ("status", "answer", "said"),
    [
        (401, "a token is needed", "Toban が 401 を返しました: a token is needed"),
        (400, "<html>plain HTTP was sent to a port of HTTPS</html>", "Toban ではないものが答えました"),
        (200, "<html>welcome</html>", "Toban ではないものが答えました"),
        (200, "[]", "Toban ではないものが答えました"),
    ],
)
def test_lines_are_kept_without_a_proper_acknowledgement(
    host: Host, status: int, answer: str, said: str
) -> None:
    host.write("a")
    host.collector.status, host.collector.answer = status, answer
    with host.agent() as shipper:
        assert said in str(shipper.step())

    host.collector.status, host.collector.answer = 200, ""
    host.collector.stored.clear()
    assert host.sends() == [b"a"]


def test_a_server_that_keeps_rejecting_the_time_is_retried_only_after_a_pause(host: Host) -> None:
    host.write("a")
    host.collector.status, host.collector.answer = 409, "at: no time"
    with host.agent() as shipper:
        assert str(shipper.step()) == "Toban が 409 を返しました: at: no time"
        host.collector.status = 200
        host.collector.answer = ""
        host.seconds += 61
        shipper.step()

    assert len(host.collector.asked) == 2
    assert host.collector.lines == [b"a"]


def test_lines_that_are_refused_for_good_delay_no_others(host: Host) -> None:
    host.write("bad")
    host.collector.status = 400
    host.sends()
    host.collector.status = 200
    host.write("good")

    assert host.sends() == [b"good"]


def test_lines_longer_than_the_server_accepts_are_cut(host: Host) -> None:
    host.write("x" * (LONGEST_LINE + 3), "y" * LONGEST_LINE, "z" * (MOST + 1), "end")

    lines = host.sends()

    assert b"".join(lines) == host.log.read_bytes().replace(b"\n", b"")
    assert max(map(len, lines)) == LONGEST_LINE
    assert lines[:3] == [b"x" * LONGEST_LINE, b"xxx", b"y" * LONGEST_LINE]


def test_bytes_are_sent_unchanged_and_sparse_holes_are_skipped(host: Host) -> None:
    with host.log.open("wb") as file:
        file.truncate(3 * MOST)
        file.seek(0, os.SEEK_END)
        file.write(b"caf\xe9 \xff\xfe\n\n")

    assert b"".join(host.sends()).endswith(b"caf\xe9 \xff\xfe")
    assert len(host.collector.asked) < 3


@pytest.mark.parametrize("codec", ["utf-16-le", "utf-16-be"])
def test_a_file_in_utf_16_is_sent_in_batches_that_can_be_read_alone(host: Host, codec: str) -> None:
    # Half of these characters is the byte of a line's end.
    lines = [f"{number} 《ĊＡ{'あ' * 100}" for number in range(10_000)]
    host.log.write_bytes(f"\ufeff{''.join(f'{each}\n' for each in lines)}".encode(codec))
    bodies: list[bytes] = []

    def take(request: httpx.Request) -> httpx.Response:
        bodies.append(zstandard.ZstdDecompressor().decompressobj().decompress(request.content))
        return httpx.Response(200, json={"stored": 1, "refused": 0, "reasons": []})

    host.collector.take = take  # type: ignore[method-assign]
    host.sends()

    assert len(bodies) > 2
    sent = [in_utf8(body, None).decode().splitlines() for body in bodies]
    assert [line for body in sent for line in body] == lines


def test_anything_but_log_files_is_left_alone(host: Host) -> None:
    host.patterns = ("*", "gone/*.log")
    (host.folder / "folder.log").mkdir()
    os.mkfifo(host.folder / "pipe.log")
    (host.folder / "old.log.gz").write_bytes(b"\x1f\x8b")
    (host.folder / "app.log.1.gz").mkdir()
    (host.folder / "broken.log").symlink_to(host.folder / "nowhere")
    host.write("a")
    host.sends()
    host.log.unlink()
    host.write("b")

    assert host.sends() == [b"a", b"b"]


def test_unreadable_positions_are_reported_and_nothing_is_sent(host: Host) -> None:
    host.write("a")
    host.sends()
    (host.folder / "spool" / "positions.json").write_text("{")

    with pytest.raises(PositionsUnusable, match="どこまで送ったかを読めません"):
        host.sends()


def test_only_one_agent_at_a_time_uses_the_positions(tmp_path: Path) -> None:
    first = Positions(tmp_path)
    with pytest.raises(PositionsUnusable, match="別の toban agent"):
        Positions(tmp_path)
    first.close()


DEEDS = st.lists(
    st.sampled_from(
        (
            "write",
            "write",
            "rename",
            "rename and pack",
            "copy",
            "copy and pack",
            "look",
            "look",
            "restart",
            "away",
            "lost answer",
            "back",
            "wait",
        )
    ),
    max_size=25,
)


def pack_where_asked(host: Host, deed: str, number: int) -> None:
    if deed.endswith("and pack"):
        host.pack(ending=tuple(PACKERS)[number % len(PACKERS)])


@settings(max_examples=60, deadline=None)
@given(deeds=DEEDS, pattern=st.sampled_from(("app.log", "app.log*")))
def test_each_line_is_stored_once_under_any_sequence_of_rotations(deeds: list[str], pattern: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        host = Host(Path(folder), (pattern,))
        host.write("line 0")
        written = 1
        agent = host.agent()
        shipper = agent.__enter__()
        shipper.step()
        for deed in [*deeds, "back", "restart", "look"]:
            match deed:
                case "write":
                    host.write(f"line {written}", f"line {written + 1}")
                    written += 2
                case "rename" | "rename and pack":
                    host.rename()
                    pack_where_asked(host, deed, written)
                case "copy" | "copy and pack":
                    # logrotate rotates once per run, and a look happens in between.
                    shipper.step()
                    host.copy_and_truncate()
                    pack_where_asked(host, deed, written)
                    host.seconds += 61
                    shipper.step()
                case "look":
                    host.seconds += 61
                    shipper.step()
                case "restart":
                    agent.__exit__(None, None, None)
                    agent = host.agent()
                    shipper = agent.__enter__()
                case "wait":
                    host.seconds += 100
                case "away" | "lost answer" | "back":
                    host.collector.status = 503 if deed == "away" else 200
                    host.collector.forgets_to_answer = deed == "lost answer"
        agent.__exit__(None, None, None)

        assert sorted(host.collector.lines) == sorted(f"line {number}".encode() for number in range(written))
