"""The note of a drill's run."""

import pytest

from toban.chapters.backup.drills.routine import came_of
from toban.chapters.backup.models import Drill
from toban.message import plain

LABEL = "20261124T170000Z-full"


@pytest.mark.parametrize(
    ("drill", "japanese", "english"),
    [
        (
            Drill(label=LABEL, is_passed=True, rto_seconds=125.4),
            f"{LABEL} は2分5秒で戻り、合格しました",
            f"{LABEL} was restored in 2 min 5 s and passed",
        ),
        (Drill(label=LABEL, is_passed=True), f"{LABEL} は合格しました", f"{LABEL} passed"),
        (
            Drill(label=LABEL, is_passed=None, reason=plain("no such file")),
            "判定できませんでした: no such file",
            "The result could not be determined: no such file",
        ),
    ],
    ids=["measured", "unmeasured", "undecided"],
)
def test_the_run_states_the_result_of_the_drill(drill: Drill, japanese: str, english: str) -> None:
    assert str(came_of(drill)) == japanese
    assert came_of(drill).in_language("en") == english
