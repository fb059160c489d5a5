"""The journal is followed by the real journalctl, on journals that systemd itself has written."""

import os
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from tests.integration.faces.agent.host import Collector
from tests.integration.faces.agent.journals import Machine

from toban.chapters.logs.limits import LONGEST_LINE
from toban.engine.clock import system_clock
from toban.faces.agent.journal import Journal, JournalUnreadable, Marks


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_entries_are_sent_once_and_a_restart_goes_on_where_it_was(machine: Machine) -> None:
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
def test_what_was_not_acknowledged_is_sent_again_as_it_was(
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


def test_more_than_a_batch_is_sent_in_order_over_files_of_the_journal(machine: Machine) -> None:
    long = [b"%d " % number + os.urandom(1000).hex().encode() for number in range(1200)]
    machine.write(*long[:800])
    machine.write(*long[800:], file="b.journal")

    assert machine.sends() == [each.decode() for each in long]
    assert len(machine.collector.asked) > 2


def test_what_can_not_be_noted_is_not_passed_over(machine: Machine) -> None:
    long = [b"%d %s" % (number, b"x" * 1000) for number in range(1500)]
    machine.write(*long)
    with machine.agent() as courier:
        # As good as a full disk: the draft of what is kept can't be made.
        obstacle = machine.folder / "spool" / f".journal.json.{os.getpid()}"
        obstacle.mkdir()
        assert courier.step().startswith("どこまで送ったかを書けません")
        assert machine.collector.asked == []
        obstacle.rmdir()
        machine.seconds += 61
        assert courier.step() == ""

    assert machine.messages == [each.decode() for each in long]


def test_a_journal_that_is_away_for_a_while_is_not_taken_for_vacuumed(machine: Machine) -> None:
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


def test_entries_that_are_vacuumed_away_hold_up_none(machine: Machine) -> None:
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


def test_bytes_and_long_messages_come_as_far_as_the_server_takes_them(machine: Machine) -> None:
    machine.write(
        b"caf\xe9", b"x" * 10_000, b"y" * 400_000, b"end", fields=b"COREDUMP=" + b"z" * 5000 + b"\n"
    )

    messages: list[object] = list(machine.sends())

    assert messages[0] == list(b"caf\xe9")
    assert messages[1:] == ["x" * 10_000, "y" * 32_768, "end"]
    assert ["COREDUMP" in orjson.loads(line) for line in machine.collector.lines] == [True, True, False, True]


def test_an_entry_of_many_fields_comes_with_as_many_as_the_server_takes(machine: Machine) -> None:
    many = b"".join(b"F%d=%s\n" % (number, b"z" * 4000) for number in range(100))
    machine.write(b"x" * 40_000, b"end", fields=many)

    assert machine.sends() == ["x" * 32_768, "end"]
    for line in machine.collector.lines:
        entry = orjson.loads(line)
        assert len(line) <= LONGEST_LINE
        assert (entry["PRIORITY"], entry["SYSLOG_IDENTIFIER"]) == ("3", "shop")
        assert sum(value == "z" * 4000 for value in entry.values()) == 8


GRUMBLING = """
import signal, sys
signal.alarm(20)
sys.stderr.write("a file of it is damaged\\n" * 50_000)
print('{"__CURSOR": "s=1", "MESSAGE": "a"}')
sys.exit(len(sys.argv) > 5)
"""
"""A journalctl that complains at length, fails where it is given a cursor, and is ended if nobody listens."""


def test_whatever_journalctl_complains_of_does_not_stop_it(tmp_path: Path) -> None:
    program = tmp_path / "journalctl.py"
    program.write_text(GRUMBLING)
    with closing(Journal([sys.executable, str(program)], Marks(tmp_path / "spool"), system_clock)) as journal:
        parcel = journal.ready()
        assert parcel is not None
        assert parcel.body == b'{"__CURSOR": "s=1", "MESSAGE": "a"}\n'
        journal.acknowledge()
        with pytest.raises(JournalUnreadable, match=r"a file of it is damaged$"):
            journal.ready()


def test_a_journal_that_can_not_be_read_is_told(machine: Machine) -> None:
    with machine.agent() as courier:
        assert courier.step().startswith("ジャーナルを読めません: ")
        machine.write(b"a")
        machine.seconds += 61
        assert courier.step() == ""

    assert machine.messages == ["a"]


class Particular(Collector):
    """One by whose clock the first batch is of a time that can't be."""

    def take(self, request: httpx.Request) -> httpx.Response:
        if self.asked:
            return super().take(request)
        self.asked.append(request.url.params)
        return httpx.Response(409, headers={"date": "Fri, 27 Nov 2026 00:00:00 GMT"})


def test_a_time_that_the_server_refuses_is_noted_anew_by_the_server_s(machine: Machine) -> None:
    machine.write(b"a")
    machine.collector = Particular()
    machine.off = timedelta(days=-3000)

    assert machine.sends() == ["a"]
    first, second = machine.collector.asked
    assert second.get("again") is None
    assert first["at"] < "2026-11-26"
    assert second["at"].startswith("2026-11-2")
