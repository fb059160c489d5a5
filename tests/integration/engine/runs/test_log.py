"""The output of runs: the beginning in the state database, everything in the store."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from tests.integration.engine.runs.claims import taken
from tests.integration.engine.runs.conftest import NOON, MakeWork

from toban.engine.runs.claiming.runner import MOST_LINES, Hand
from toban.engine.runs.models import Run, RunLog
from toban.engine.runs.output.written import KEPT, forget_old, whole_log
from toban.engine.runs.scheduler import plan_due
from toban.engine.telemetry.output import OutputBuffer, OutputLine

pytestmark = pytest.mark.django_db


class Store:
    """A store that returns the lines written to it."""

    def __init__(self) -> None:
        self.lines: list[OutputLine] = []

    def write_output(self, lines: Sequence[OutputLine], *, token: str) -> None:
        assert token
        self.lines += lines

    def output(self, run: int, *, after: tuple[int, int] = (0, 0), limit: int) -> list[OutputLine]:
        rest = [line for line in self.lines if line.run == run and (line.fence, line.number) > after]
        return rest[:limit]


def hand(make_work: MakeWork, output: OutputBuffer | None) -> Hand:
    work = make_work()
    plan_due([work], NOON - timedelta(minutes=1))
    plan_due([work], NOON)
    held = taken({work.key: work}, "a", NOON)
    assert held is not None
    return Hand(held, work, lambda: NOON, {}, None, output, step="command")


def written(count: int) -> str:
    return "\n".join(f"行 {number}" for number in range(1, count + 1))


def kept() -> list[str]:
    return [str(text) for text in RunLog.objects.order_by("pk").values_list("text", flat=True)]


def test_up_to_the_limit_all_lines_are_stored(make_work: MakeWork) -> None:
    taken = hand(make_work, None)

    taken.say(written(MOST_LINES))
    taken.note_left_out()

    assert kept() == written(MOST_LINES).splitlines()


def test_lines_beyond_the_limit_are_in_the_store_and_the_log_says_so_once(make_work: MakeWork) -> None:
    store = Store()
    buffer = OutputBuffer(store)
    taken = hand(make_work, buffer)

    taken.say(written(MOST_LINES + 1))
    taken.say("最後")
    taken.note_left_out()
    taken.note_left_out()
    buffer.flush()

    assert kept()[MOST_LINES - 1 :] == [f"行 {MOST_LINES}", "… ほか 2 行は計測の置き場にあります"]
    (run,) = Run.objects.all()
    whole = [str(line.text) for line in whole_log(run, store)]
    assert whole == [*written(MOST_LINES + 1).splitlines(), "最後"]


def test_a_short_log_needs_no_store(make_work: MakeWork) -> None:
    taken = hand(make_work, None)
    taken.say("一行")
    (run,) = Run.objects.all()

    assert [(line.step, str(line.text)) for line in whole_log(run, Store())] == [("command", "一行")]


def test_the_first_lines_stay_in_the_state_database_after_the_store_lost_the_rest(
    make_work: MakeWork,
) -> None:
    taken = hand(make_work, None)
    taken.say(written(MOST_LINES + 1))
    taken.note_left_out()
    (run,) = Run.objects.all()

    whole = [str(line.text) for line in whole_log(run, Store())]

    assert whole[-2:] == [f"行 {MOST_LINES}", "… ほか 1 行は残していません"]


def test_lines_are_deleted_when_their_retention_ends_and_no_earlier(make_work: MakeWork) -> None:
    run = hand(make_work, None).claim.run_id
    moment = timedelta(microseconds=1)
    for at in (NOON, NOON + moment):
        RunLog.objects.create(run_id=run, fence=1, step="command", at=at, text=at.isoformat())

    forget_old(NOON + KEPT)
    assert len(kept()) == 2
    forget_old(NOON + KEPT + moment)

    assert kept() == [(NOON + moment).isoformat()]
    assert Run.objects.count() == 1
