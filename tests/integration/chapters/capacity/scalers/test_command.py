"""A group that a team's own commands scale and count."""

import json
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from pydantic import ValidationError
from tests.integration.chapters.capacity.scalers import killed_scaler
from tests.integration.chapters.capacity.scalers.shed import Shed
from tests.integration.chapters.capacity.scalers.test_deployment import RULES
from tests.registered import PARTS
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.capacity.operation import OPERATION
from toban.chapters.capacity.scaler import GroupSize, ScalingFailed
from toban.chapters.capacity.scalers.command import KIND
from toban.chapters.capacity.scalers.command.config import CommandScaling
from toban.chapters.capacity.scalers.commanded import CommandedScaler
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.runs.commands.here import Here
from toban.engine.runs.rules import RunReason


@pytest.fixture
def shed(tmp_path: Path) -> Shed:
    return Shed(tmp_path)


def scaler(shed: Shed, **more: object) -> CommandedScaler:
    """A scaler that counts often."""
    config = CommandScaling.model_validate({**shed.commands, **more})
    return CommandedScaler(config, Here(shed.folder), look=0.05)


def refused(found: CommandedScaler, to: int, turn: FakeTurn | None = None) -> ScalingFailed:
    with pytest.raises(ScalingFailed) as failed:
        found.resize(to, turn or FakeTurn())
    return failed.value


def test_a_group_is_scaled_and_what_the_command_writes_is_in_the_log(shed: Shed) -> None:
    turn, found = FakeTurn(), scaler(shed)
    shed.have(resize="slow")

    found.resize(4, turn)
    grown = found.size()
    found.resize(3, turn)
    found.close()

    assert (grown, shed.size) == (GroupSize(4, 4), 3)
    assert turn.said == ["there are 3", "there are 4", "there are 3"]
    assert (50.0, "one more") in turn.progressed


def test_a_group_that_has_its_size_is_left_alone(shed: Shed) -> None:
    turn = FakeTurn()
    shed.have(resize="breaks")

    scaler(shed).resize(2, turn)

    assert turn.said == ["すでに 2 台です"]


def test_a_command_that_leaves_the_work_to_others_is_waited_for(shed: Shed) -> None:
    turn = FakeTurn()
    order = (sys.executable, "-c", "print('ordered')", "{to}")

    class Counted(Here):
        """The third count finds one more."""

        def ask(self, arguments: tuple[str, ...], within: float) -> str:
            if len(turn.progressed) == 2:
                shed.set(3)
            return super().ask(arguments, within)

    config = CommandScaling.model_validate({**shed.commands, "resize": order})
    CommandedScaler(config, Counted(shed.folder), look=0.05).resize(3, turn)

    assert turn.said == ["ordered"]
    assert turn.progressed == [(None, "3 台中 2 台が動いています")] * 2


def test_a_command_that_fails_half_way_says_how_many_there_are(shed: Shed) -> None:
    turn = FakeTurn()
    shed.have(resize="breaks")

    failed = refused(scaler(shed), 5, turn)

    assert f"「{sys.executable}」で 5 台にできませんでした。いまは 3 台です" in str(failed)
    assert failed.retry
    assert "もう一度台数を注文します" in str(failed)
    assert turn.said == ["there are 3", "the rack is full"]
    shed.have()
    scaler(shed).resize(5, FakeTurn())
    assert shed.size == 5


def test_a_command_after_which_nothing_can_be_counted_says_so(shed: Shed) -> None:
    breaks = ("sh", "-c", 'echo "$1" > size; printf fails > count-how; exit 3', "x", "{to}")
    ends = ("sh", "-c", 'echo "$1" > size; printf fails > count-how', "x", "{to}")

    failed = refused(scaler(shed, resize=breaks), 3)
    shed.have()
    shed.set(2)
    unknown = refused(scaler(shed, resize=ends), 3)

    assert "いまの台数もわかりません" in str(failed)
    assert "the rack does not answer" in str(failed)
    assert "「sh」は終わりましたが、いまの台数がわかりません" in str(unknown)


def test_a_command_that_does_not_exist_is_not_tried_again(shed: Shed) -> None:
    failed = refused(scaler(shed, resize=("no-such-command", "{to}")), 3)

    assert "no-such-command" in str(failed)
    assert not failed.retry


@pytest.mark.parametrize("reason", [RunReason.TIMED_OUT, RunReason.CANCELLED])
def test_a_command_that_must_end_is_ended_and_says_how_many_there_are(shed: Shed, reason: RunReason) -> None:
    class Ending(FakeTurn):
        def why_stop(self) -> RunReason | None:
            return reason if "there are 3" in self.said else None

    shed.have(resize="hangs")

    failed = refused(scaler(shed), 5, Ending())

    assert "いまは 3 台です" in str(failed)
    assert running(shed) == []


def test_whoever_waits_for_a_count_may_be_called_off(shed: Shed) -> None:
    order = (sys.executable, "-c", "print('ordered')", "{to}")

    failed = refused(scaler(shed, resize=order), 3, FakeTurn(stop_after="ordered"))

    assert "いまは 2 台です" in str(failed) or "最後に数えたときは 2 台です" in str(failed)


@pytest.mark.parametrize(
    ("how", "said"),
    [
        ("words", "の最後の行が数ではありません: 「several」"),
        ("fails", "で台数がわかりませんでした"),
        ("fails", "最後の出力: counting the rack does not answer"),
        ("silent", "で台数がわかりませんでした"),
    ],
)
def test_a_count_that_tells_nothing_changes_nothing(shed: Shed, how: str, said: str) -> None:
    shed.have(count=how)

    failed = refused(scaler(shed, count_within="1秒"), 3)

    assert said in " ".join(str(failed).split())
    assert shed.size == 2
    assert running(shed) == []


@pytest.mark.parametrize(
    ("resize", "said"),
    [
        (("bin/resize",), "コマンドに台数が渡りません"),
        (("{to}",), "to"),
        (("sh", "-c", "kubectl scale --replicas={to} deploy/web"), "to"),
        (("sh", "-c", "{to}"), "to"),
    ],
)
def test_a_number_that_would_be_code_is_refused(resize: tuple[str, ...], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        CommandScaling.model_validate({"resize": resize, "count": ("bin/count",)})


def test_a_number_may_be_the_end_of_an_argument() -> None:
    resize = ("kubectl", "scale", "deploy/web", "--replicas={to}")
    config = CommandScaling.model_validate({"resize": resize, "count": ("bin/count",)})

    assert KIND.bound(config) == "kubectl scale deploy/web --replicas={to}"


def test_a_worker_that_is_killed_takes_its_command_along_and_the_next_finishes(shed: Shed) -> None:
    shed.have(resize="hangs")
    binding = json.dumps({**shed.commands, "folder": str(shed.folder)})
    command = [sys.executable, "-m", killed_scaler.__name__, "command", binding, "5"]
    with subprocess.Popen(command, cwd=Path(__file__).parents[5]) as worker:
        shed.wait_for(3)
        worker.send_signal(signal.SIGKILL)
    psutil.wait_procs(running(shed), timeout=10)
    left = running(shed)
    shed.have()

    scaler(shed).resize(5, FakeTurn())

    assert (left, shed.size) == ([], 5)


def running(shed: Shed) -> list[psutil.Process]:
    """Return the commands that still run."""
    named = str(shed.folder / "resize.py"), str(shed.folder / "count.py")
    found = []
    for each in psutil.process_iter():
        try:
            if any(name in each.cmdline() for name in named) and each.status() != psutil.STATUS_ZOMBIE:
                found.append(each)
        except psutil.Error:
            continue
    return found


def test_a_group_of_the_document_is_scaled_in_the_folder_of_the_bindings(shed: Shed) -> None:
    text = f"""
[scaling."Webサーバー"]
kind = "command"
resize = ["{sys.executable}", "resize.py", "{{to}}"]
count = ["{sys.executable}", "count.py"]
"""
    bindings = read_bindings(text, shed.folder / "toban.toml", PARTS.schema)
    edition = Edition(read_design("# 運用設計書\n" + RULES, "運用設計書.md"), bindings, PARTS.kinds)
    (group,) = edition.plan(OPERATION).groups
    found = group.opened(shed.folder, PARTS.ports)

    found.resize(3, FakeTurn())

    assert (found.size(), shed.size) == (GroupSize(3, 3), 3)
    assert list(group.kind.doubts(group.config, group.site(shed.folder, PARTS.ports))) == []
    assert group.bound == f"{sys.executable} resize.py {{to}}"


def test_what_can_be_done_has_no_doubts_and_nothing_changes(shed: Shed) -> None:
    assert list(scaler(shed).doubts()) == []
    assert shed.size == 2


def test_what_cannot_be_done_is_doubtful(shed: Shed) -> None:
    (missing,) = scaler(shed, resize=("no-such-command", "{to}")).doubts()
    shed.have(count="words")
    (uncounted,) = scaler(shed).doubts()

    assert "no-such-command" in str(missing[0] if isinstance(missing, tuple) else missing)
    assert isinstance(uncounted, tuple)
    assert "several" in str(uncounted[0])
    assert str(uncounted[1]) == "動いている台数を、数だけで最後の行に書かせます"
