"""One command on many hosts: in which order, when no more begin, and what becomes of the run."""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import pytest
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.engine.runs.commands.filling import Act
from toban.engine.runs.commands.hosts import OnHosts
from toban.engine.runs.rules import HostState, RunReason
from toban.engine.runs.work import RunTurn, StepFailed
from toban.message import NOTHING, Message, plain

HOSTS = ("web-1", "web-2", "web-3")


@dataclass
class HostsTurn(FakeTurn):
    """A turn that records how the hosts stand."""

    finished: Collection[str] = ()
    stands: dict[str, tuple[str, str]] = field(default_factory=dict)
    begun: list[str] = field(default_factory=list)

    def finished_hosts(self) -> Collection[str]:
        return self.finished

    def on_host(self, name: str, state: HostState, note: Message = NOTHING) -> None:
        assert threading.current_thread() is threading.main_thread()
        self.stands[name] = state.value, str(note)
        if state is HostState.RUNNING:
            self.begun.append(name)


def well(turn: RunTurn) -> object:
    turn.say("a\nb")
    return {"status": 0}


def broken(reason: RunReason = RunReason.FAILED) -> Act:
    def act(_turn: RunTurn) -> object:
        raise StepFailed(plain("no room"), reason)

    return act


def on(acts: Mapping[str, Act], at_once: int = 1, *, goes_on: bool = False) -> OnHosts:
    return OnHosts(acts, at_once, goes_on=goes_on)


def test_it_succeeds_if_it_succeeds_on_every_host_one_after_another() -> None:
    turn = HostsTurn()

    result = on(dict.fromkeys(HOSTS, well))(turn)

    assert str(result) == "web-1、web-2、web-3 で成功"
    assert turn.begun == list(HOSTS)
    assert set(turn.stands.values()) == {("done", "")}
    assert turn.said == [f"{host}: {line}" for host in HOSTS for line in "ab"]
    assert turn.progressed[-1] == (100, "3 / 3 台")


def test_after_a_failure_no_more_hosts_begin() -> None:
    turn = HostsTurn()

    with pytest.raises(StepFailed) as failed:
        on({"web-1": well, "web-2": broken(), "web-3": well})(turn)

    assert str(failed.value) == "3 台のうち失敗: web-2: no room。始めていない: web-3"
    assert failed.value.reason is RunReason.FAILED
    assert [turn.stands[host][0] for host in HOSTS] == ["done", "failed", "waiting"]


def test_all_others_go_on_where_it_is_said_and_the_run_still_fails() -> None:
    turn = HostsTurn()

    with pytest.raises(StepFailed, match=r"3 台のうち失敗: web-1: no room$") as failed:
        on({"web-1": broken(RunReason.NOT_RUNNABLE), "web-2": well, "web-3": well}, goes_on=True)(turn)

    assert failed.value.reason is RunReason.NOT_RUNNABLE
    assert [turn.stands[host][0] for host in HOSTS] == ["failed", "done", "done"]


def test_a_reason_that_several_hosts_share_is_said_once() -> None:
    acts = {"web-1": broken(), "web-2": broken(), "web-3": well}

    with pytest.raises(StepFailed, match=r"3 台のうち失敗: web-1、web-2: no room$"):
        on(acts, 3, goes_on=True)(HostsTurn())


def test_a_retry_leaves_out_the_hosts_that_succeeded() -> None:
    turn = HostsTurn(finished=["web-1", "web-3", "web-9"])

    on(dict.fromkeys(HOSTS, well))(turn)

    assert turn.begun == ["web-2"]


@pytest.mark.parametrize(("at_once", "most"), [(1, 1), (2, 2), (3, 3)])
def test_no_more_hosts_are_in_progress_than_may_be(at_once: int, most: int) -> None:
    together, lock, seen = 0, threading.Lock(), [0]
    all_in = threading.Barrier(most)

    def act(_turn: RunTurn) -> object:
        nonlocal together
        with lock:
            together += 1
            seen.append(together)
        all_in.wait(5)
        with lock:
            together -= 1
        return None

    on({f"web-{number}": act for number in range(most * 2)}, at_once)(HostsTurn())

    assert max(seen) == most


def test_a_run_that_is_stopped_begins_no_more_hosts() -> None:
    turn = HostsTurn(stop_after="a")

    with pytest.raises(StepFailed) as failed:
        on(dict.fromkeys(HOSTS, well))(turn)

    assert failed.value.reason is RunReason.CANCELLED
    assert turn.begun == ["web-1"]


def test_the_progress_of_the_hosts_adds_up() -> None:
    def act(turn: RunTurn) -> object:
        turn.progress(50, "half")
        return None

    turn = HostsTurn()
    on({"web-1": act, "web-2": well})(turn)

    assert turn.progressed[0] == (25, "web-1: half")
    assert [percent for percent, _ in turn.progressed[1:]] == [50, 100]


def test_a_host_whose_work_breaks_is_a_failure_like_others() -> None:
    def act(_turn: RunTurn) -> object:
        raise RuntimeError("bug")

    with pytest.raises(StepFailed, match="web-1: RuntimeError: bug"):
        on({"web-1": act})(HostsTurn())
