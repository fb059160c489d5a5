"""The journal is followed with the real journalctl, on journals written by systemd itself."""

import os
import shutil
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from structlog.testing import capture_logs
from tests.integration.faces.agent.host import Collector
from tests.integration.faces.agent.journals import Machine

from toban.chapters.logs.intake.limits import LONGEST_LINE
from toban.engine.clock import system_clock
from toban.faces.agent.journal.journal import Journal, Marks
from toban.faces.agent.journal.journalctl import JournalUnreadable


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_entries_are_sent_once_and_a_restart_continues_where_it_stopped(machine: Machine) -> None:
    machine.write(b"a", b"b")
    machine.sends()
    machine.write(b"c")
    with machine.agent() as courier:
        courier.step()
        machine.write(b"d")
        courier.step()
        courier.step()

    assert machine.sends() == ["a", "b", "c", "d"]
    assert dict(machine.collector.asked[0]).items() >= {"file": "journal", "host": "web-1"}.items()


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("is_stored", [False, True])
def test_unacknowledged_lines_are_sent_again_unchanged(
    machine: Machine, is_restarted: bool, is_stored: bool
) -> None:
    machine.write(b"a")
    machine.collector.status = 200 if is_stored else 503
    machine.collector.forgets_to_answer = is_stored
    with machine.agent() as courier:
        courier.step()
        machine.write(b"b")
        machine.collector.status, machine.collector.forgets_to_answer = 200, False
        machine.seconds += 61
        if not is_restarted:
            courier.step()

    assert machine.sends() == ["a", "b"]
    first, second, _ = machine.collector.asked
    assert (first.get("again"), second.get("again"), first["at"]) == (None, "1", second["at"])


def test_more_than_one_batch_is_sent_in_order_across_journal_files(machine: Machine) -> None:
    long = [b"%d " % number + os.urandom(1000).hex().encode() for number in range(1200)]
    machine.write(*long[:800])
    machine.write(*long[800:], file="b.journal")

    assert machine.sends() == [each.decode() for each in long]
    assert len(machine.collector.asked) > 2


def test_entries_whose_position_cannot_be_saved_are_not_skipped(machine: Machine) -> None:
    long = [b"%d %s" % (number, b"x" * 1000) for number in range(1500)]
    machine.write(*long)
    with machine.agent() as courier:
        # Equivalent to a full disk: the temporary file for the position can't be created.
        obstacle = machine.folder / "spool" / f".journal.json.{os.getpid()}"
        obstacle.mkdir()
        told = str(courier.step())
        kept = machine.folder / "spool" / "journal.json"
        assert told.startswith(f"どこまで送ったかを書けません: {kept} (Is a directory)\nHINT: --spool ")
        assert machine.collector.asked == []
        obstacle.rmdir()
        machine.seconds += 61
        assert str(courier.step()) == ""

    assert machine.messages == [each.decode() for each in long]


def test_a_temporarily_missing_journal_is_not_taken_for_vacuumed(machine: Machine) -> None:
    machine.write(b"a")
    machine.collector.forgets_to_answer = True
    with machine.agent() as courier:
        courier.step()
    machine.collector.forgets_to_answer = False
    machine.journals.rename(machine.folder / "elsewhere")
    machine.journals.mkdir()
    with machine.agent() as courier:
        courier.step()
    machine.journals.rmdir()
    (machine.folder / "elsewhere").rename(machine.journals)
    machine.write(b"b")

    assert machine.sends() == ["a", "b"]


def test_vacuumed_entries_delay_no_others(machine: Machine) -> None:
    machine.write(b"a")
    machine.sends()
    machine.write(b"b", b"c")
    machine.collector.status = 503
    with machine.agent() as courier:
        courier.step()
    machine.collector.status = 200
    (machine.journals / "a.journal").unlink()
    machine.write(b"d", b"e", file="b.journal")

    assert machine.sends() == ["a", "d", "e"]


@pytest.mark.parametrize("is_restarted", [False, True])
@pytest.mark.parametrize("is_stored", [False, True])
@pytest.mark.parametrize("last", ["vacuumed", "left"])
def test_the_remaining_entries_of_a_half_vacuumed_batch_are_stored_once_and_the_loss_reported(
    machine: Machine, last: str, is_stored: bool, is_restarted: bool
) -> None:
    machine.write(b"0", file=machine.archive(3))
    machine.sends()
    # Alternately in two files; vacuuming deletes the older one.
    for number in range(1, 7):
        is_in_older = number % 2 == (0 if last == "vacuumed" else 1)
        machine.write(b"%d" % number, file=machine.archive(1 if is_in_older else 2))
    machine.collector.status = 200 if is_stored else 503
    machine.collector.forgets_to_answer = is_stored
    with machine.agent() as courier:
        assert str(courier.step()) != ""
        # An agent that continues still has the batch in memory.
        machine.vacuum(files=2)
        machine.write(b"7", file=machine.archive(3))
        machine.collector.status, machine.collector.forgets_to_answer = 200, False
        machine.seconds += 61
        if not is_restarted:
            assert str(courier.step()) == ""
    with capture_logs() as told:
        stored = machine.sends()

    is_whole = is_stored or not is_restarted
    left = {"vacuumed": ["1", "3", "5"], "left": ["2", "4", "6"]}[last]
    assert stored == ["0", *(["1", "2", "3", "4", "5", "6"] if is_whole else left), "7"]
    assert machine.collector.asked[2].get("again") == "1"
    gone = [each["count"] for each in told if each["event"] == "journal_rest_not_found"]
    assert gone == ([3] if is_restarted else [])


def test_a_vacuumed_position_is_reported_once_and_reading_continues(machine: Machine) -> None:
    machine.write(b"a", b"b", file=machine.archive(1))
    machine.sends()
    machine.write(b"c", file=machine.archive(1))
    machine.write(b"d", file=machine.archive(2))
    machine.vacuum(files=1)

    with capture_logs() as told, machine.agent() as courier:
        courier.step()
        machine.write(b"e", file=machine.archive(2))
        courier.step()

    assert machine.messages == ["a", "b", "d", "e"]
    assert [each["event"] for each in told] == ["journal_vacuumed"]


def test_bytes_and_long_messages_are_sent_up_to_the_servers_limit(machine: Machine) -> None:
    machine.write(
        b"caf\xe9", b"x" * 10_000, b"y" * 400_000, b"end", fields=b"COREDUMP=" + b"z" * 5000 + b"\n"
    )

    messages: list[object] = list(machine.sends())

    assert messages[0] == list(b"caf\xe9")
    assert messages[1:] == ["x" * 10_000, "y" * 32_768, "end"]
    assert ["COREDUMP" in orjson.loads(line) for line in machine.collector.lines] == [True, True, False, True]


def test_an_entry_with_many_fields_is_sent_with_as_many_as_the_server_accepts(machine: Machine) -> None:
    many = b"".join(b"F%d=%s\n" % (number, b"z" * 4000) for number in range(100))
    machine.write(b"x" * 40_000, b"end", fields=many)

    assert machine.sends() == ["x" * 32_768, "end"]
    for line in machine.collector.lines:
        entry = orjson.loads(line)
        assert len(line) <= LONGEST_LINE
        assert (entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]) == ("3", "shop")
        assert sum(value == "z" * 4000 for value in entry.values()) == 8


def test_no_field_of_an_entry_with_too_many_fields_is_lost(machine: Machine) -> None:
    many = b"".join(b"F%03d=%d\n" % (number, number) for number in range(300))
    machine.write(b"x", fields=many + b"F000=again\nCODE_FUNC=pay\n")

    assert machine.sends() == ["x"]
    entry = orjson.loads(machine.collector.lines[0])
    own = [name for name in entry if not name.startswith("_")]
    assert len(own) == 150
    assert (entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"], entry["CODE_FUNC"]) == ("3", "shop", "pay")
    assert sorted(entry["F000"]) == ["0", "again"]
    assert entry["MORE_FIELDS"] == [f"F{number:03}={number}" for number in range(145, 300)]


GRUMBLING = """
import signal, sys
signal.alarm(20)
sys.stderr.write("a file of it is damaged\\n" * 50_000)
print('{"__CURSOR": "s=1", "MESSAGE": "a"}')
sys.exit(len(sys.argv) > 5)
"""
"""A journalctl that complains at length, fails with a cursor, and is killed if nobody reads its output."""


def test_warnings_of_journalctl_do_not_stop_the_reading(tmp_path: Path) -> None:
    program = tmp_path / "journalctl.py"
    program.write_text(GRUMBLING)
    with closing(Journal([sys.executable, str(program)], Marks(tmp_path / "spool"), system_clock)) as journal:
        parcel = journal.ready()
        assert parcel is not None
        assert parcel.body == b'{"__CURSOR": "s=1", "MESSAGE": "a"}\n'
        journal.acknowledge()
        with pytest.raises(JournalUnreadable, match=r"a file of it is damaged$"):
            journal.ready()


def test_an_unreadable_journal_is_reported_with_a_hint(machine: Machine) -> None:
    with machine.agent() as courier:
        told = str(courier.step())
        assert told.startswith(f"ジャーナルを読めません: Failed to open {machine.journals}: ")
        assert "\nHINT: --journal のフォルダを確かめてください" in told
        machine.write(b"a")
        machine.seconds += 61
        assert str(courier.step()) == ""

    assert machine.messages == ["a"]


class Particular(Collector):
    """A server that rejects the time of the first batch as impossible."""

    def take(self, request: httpx.Request) -> httpx.Response:
        if self.asked:
            return super().take(request)
        self.asked.append(request.url.params)
        return httpx.Response(409, headers={"date": "Fri, 27 Nov 2026 00:00:00 GMT"})


def test_a_time_refused_by_the_server_is_replaced_by_the_servers_time(machine: Machine) -> None:
    machine.write(b"a")
    machine.collector = Particular()
    machine.off = timedelta(days=-3000)

    assert machine.sends() == ["a"]
    first, second = machine.collector.asked
    assert second.get("again") is None
    assert first["at"] < "2026-11-26"
    assert second["at"].startswith("2026-11-2")


def test_a_journal_without_entries_is_reported_as_unreadable(machine: Machine) -> None:
    machine.journals.mkdir()
    with machine.agent() as courier:
        told = str(courier.step())

    assert told.startswith("ジャーナルを読めません: 項目が一つもありません\nHINT: ")
    assert "systemd-journal" in told


def test_an_account_without_access_to_the_journal_is_reported_with_the_group_to_join(
    machine: Machine,
) -> None:
    program = shutil.which("setpriv")
    if os.getuid() != 0 or program is None:
        pytest.skip("only root can do as another account")
    machine.write(b"a")
    machine.by = (program, "--reuid=65534", "--regid=65534", "--clear-groups")
    with machine.agent() as courier:
        told = str(courier.step())

    assert "ermission" in told
    assert "\nHINT: エージェントを動かすアカウントを systemd-journal か adm のグループに入れ" in told


def test_a_missing_journalctl_is_reported_and_waited_for(machine: Machine) -> None:
    machine.write(b"a")
    program = machine.folder / "env"
    machine.by = (str(program),)
    with machine.agent() as courier:
        told = str(courier.step())
        program.symlink_to(shutil.which("env") or "")
        machine.seconds += 61
        assert str(courier.step()) == ""

    assert told.startswith(
        f"ジャーナルを読めません: {program} (No such file or directory)\nHINT: systemd のない"
    )
    assert machine.messages == ["a"]
