"""The note of a drill's run."""

import pytest

from toban.chapters.backup.drills.routine import came_of
from toban.chapters.backup.models import Drill

LABEL = "20261124T170000Z-full"


@pytest.mark.parametrize(
    ("drill", "words"),
    [
        (
            Drill(label=LABEL, is_passed=True, rto_seconds=125.4),
            f"{LABEL} は2分5秒で戻り、合格しました",
        ),
        (Drill(label=LABEL, is_passed=True), f"{LABEL} は合格しました"),
        (
            Drill(label=LABEL, is_passed=None, reason="サーバーのプログラムがありません"),
            "判定できませんでした: サーバーのプログラムがありません",
        ),
    ],
    ids=["measured", "unmeasured", "undecided"],
)
def test_the_run_states_the_result_of_the_drill(drill: Drill, words: str) -> None:
    assert came_of(drill) == words
