"""A group on another host: a real sshd, and asyncssh's server."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import pytest
from tests.integration.chapters.capacity.scalers import killed_scaler
from tests.integration.chapters.capacity.scalers.shed import Shed
from tests.integration.chapters.capacity.scalers.test_command import running
from tests.integration.remote_host import RemoteHost, new_public_key, serving
from tests.ports import free_port
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.capacity.scaler import GroupSize, ScalingFailed
from toban.chapters.capacity.scalers.commanded import CommandedScaler
from toban.chapters.capacity.scalers.ssh import KIND
from toban.chapters.capacity.scalers.ssh.config import SshScaling
from toban.engine.runs.commands.there import There
from toban.engine.runs.rules import RunReason


@dataclass
class ShedThere:
    """The group and its host."""

    host: RemoteHost
    shed: Shed

    def written(self, **more: object) -> dict[str, object]:
        """The keys of its table."""
        return {
            "host": self.host.name,
            "port": self.host.port,
            "user": self.host.user,
            "key": f"file:{self.host.key}",
            "known_hosts": str(self.host.write_known_hosts()),
            **self.shed.commands,
            **more,
        }

    def config(self, **more: object) -> SshScaling:
        return SshScaling.model_validate(self.written(**more))

    def scaler(self, **more: object) -> CommandedScaler:
        """A scaler that counts often."""
        config = self.config(**more)
        return CommandedScaler(config, There(config.way(config.host)), look=0.05)

    def refused(self, to: int, turn: FakeTurn | None = None, **more: object) -> ScalingFailed:
        with pytest.raises(ScalingFailed) as failed:
            self.scaler(**more).resize(to, turn or FakeTurn())
        return failed.value

    def have(self, *, resize: str = "", count: str = "") -> None:
        self.shed.have(resize=resize, count=count)
        self.shed.open_to_all()


@pytest.fixture(params=["openssh", "asyncssh"])
def there(request: pytest.FixtureRequest) -> Iterator[ShedThere]:
    with serving(request.param) as host:
        folder = host.folder / "shed"
        folder.mkdir()
        found = ShedThere(host, Shed(folder))
        found.have()
        yield found
        for each in running(found.shed):
            each.kill()


def test_a_group_is_scaled_there_and_what_the_command_writes_is_in_the_log(there: ShedThere) -> None:
    turn, found = FakeTurn(), there.scaler()

    found.resize(4, turn)
    grown = found.size()
    found.resize(3, turn)
    found.close()

    assert (grown, there.shed.size) == (GroupSize(4, 4), 3)
    assert turn.said == ["there are 3", "there are 4", "there are 3"]
    assert KIND.bound(there.config()).startswith(f"{there.host.user}@{there.host.name}")


def test_a_command_that_fails_half_way_there_says_how_many_there_are(there: ShedThere) -> None:
    there.have(resize="breaks")

    failed = there.refused(5)

    assert "5 台にできませんでした。いまは 3 台です" in str(failed)
    assert failed.retry


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("words", "「several」"),
        ("fails", "the rack does not answer"),
        ("silent", "1 秒以内に台数を答えませんでした"),
    ],
)
def test_a_count_there_that_tells_nothing_changes_nothing(there: ShedThere, how: str, said: str) -> None:
    there.have(count=how)

    failed = there.refused(3, count_within="1秒")

    assert said in str(failed)
    assert there.shed.size == 2


def test_a_host_that_is_away_may_be_reached_later(there: ShedThere) -> None:
    failed = there.refused(3, port=free_port(), host_key=there.host.host_key, known_hosts=None)

    assert failed.retry
    assert there.shed.size == 2


def test_a_host_with_another_key_is_no_host_of_ours(there: ShedThere) -> None:
    failed = there.refused(3, host_key=new_public_key(), known_hosts=None)

    assert not failed.retry
    assert there.shed.size == 2


def test_a_command_that_is_not_there_is_not_tried_again(there: ShedThere) -> None:
    failed = there.refused(3, resize=("no-such-command", "{to}"))

    assert "no-such-command" in str(failed)
    assert not failed.retry


def test_a_connection_that_breaks_half_way_says_how_many_there_are(there: ShedThere) -> None:
    class Breaking(FakeTurn):
        def why_stop(self) -> RunReason | None:
            if "there are 3" in self.said and not self.progressed:
                self.progressed.append((None, "cut"))
                there.host.drop()
            return None

    there.have(resize="hangs")

    failed = there.refused(5, Breaking())

    assert "いまは 3 台です" in str(failed)
    assert failed.retry
    for each in running(there.shed):
        each.kill()
    there.have()
    there.scaler().resize(5, FakeTurn())
    assert there.shed.size == 5


def test_a_command_there_that_must_end_says_how_many_there_are(there: ShedThere) -> None:
    class Ending(FakeTurn):
        def why_stop(self) -> RunReason | None:
            return RunReason.TIMED_OUT if "there are 3" in self.said else None

    there.have(resize="hangs")

    assert "いまは 3 台です" in str(there.refused(5, Ending()))


def test_a_worker_that_is_killed_is_followed_by_one_that_finishes(there: ShedThere) -> None:
    there.have(resize="hangs")
    binding = json.dumps(there.written())
    command = [sys.executable, "-m", killed_scaler.__name__, "ssh", binding, "5"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[5]) as worker:
        there.shed.wait_for(3)
        worker.send_signal(signal.SIGKILL)
    psutil.wait_procs(running(there.shed), timeout=3)
    there.have()

    there.scaler().resize(5, FakeTurn())

    assert there.shed.size == 5


def test_what_can_be_done_there_has_no_doubts(there: ShedThere) -> None:
    nowhere: Any = None

    assert list(KIND.doubts(there.config(), nowhere)) == []
    assert there.shed.size == 2


def test_what_cannot_be_done_there_is_doubtful(there: ShedThere) -> None:
    (missing,) = there.scaler(resize=("no-such-command", "{to}")).doubts()
    (away,) = there.scaler(port=free_port()).doubts()
    there.have(count="words")
    (uncounted,) = there.scaler().doubts()

    assert isinstance(missing, tuple)
    assert "に「no-such-command」がありません" in str(missing[0])
    assert isinstance(away, tuple)
    assert isinstance(uncounted, tuple)
    assert "several" in str(uncounted[0])
