"""Loops that run side by side."""

import threading

from toban.engine.loops import Loop, run


def test_a_failing_loop_is_retried_and_stops_no_other() -> None:
    stop = threading.Event()
    turns: list[str] = []

    def fails() -> None:
        turns.append("fails")
        raise ZeroDivisionError

    def works() -> None:
        turns.append("works")
        if turns.count("works") >= 3 and turns.count("fails") >= 3:
            stop.set()

    ended = run([Loop("fails", fails, 0.001), Loop("works", works, 0.001)], stop, patience=10)

    assert ended
    assert turns.count("fails") >= 3


def test_a_running_step_is_finished_on_a_stop_request() -> None:
    stop = threading.Event()
    finished: list[bool] = []

    def step() -> None:
        stop.set()
        finished.append(stop.wait(5))

    assert run([Loop("slow", step, 60)], stop, patience=10)
    assert finished == [True]


def test_a_hanging_step_is_waited_for_only_until_the_timeout() -> None:
    stop, release = threading.Event(), threading.Event()

    def hangs() -> None:
        stop.set()
        release.wait(30)

    ended = run([Loop("hangs", hangs, 60)], stop, patience=0.05)
    release.set()

    assert not ended
