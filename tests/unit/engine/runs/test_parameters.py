"""What a run may be given, and what it is refused."""

import json

import pytest

from toban.engine.runs.parameters import Parameter, Parameters, choices, kept, read, why_refused

DATE = Parameter("date", "集計し直す日", "the day to add up", "2026-11-24")
TO = Parameter("to", "この日まで", "up to this day", "2026-11-20")


@pytest.mark.parametrize(
    ("given", "takes", "words"),
    [
        ([], (DATE,), ""),
        (["to", "date"], (DATE, TO), ""),
        (["anything"], None, ""),
        (["dat", "date", "t"], (DATE,), "「dat」「t」というパラメーターはありません"),
        (["date"], (), "「date」というパラメーターはありません"),
    ],
)
def test_names_that_the_work_does_not_know_are_refused(
    given: list[str], takes: Parameters, words: str
) -> None:
    assert why_refused(given, takes) == words


def test_what_may_be_given_is_told_with_what_it_is_for() -> None:
    assert choices((DATE, TO)) == "使えるのは date (集計し直す日)、to (この日まで) です"
    assert choices(()) == "このバッチにパラメーターはありません"
    assert choices(None) == "パラメーターの名前は自由です"


@pytest.mark.parametrize("takes", [None, (), (DATE, TO)])
def test_what_was_kept_as_json_is_read_back_as_it_was(takes: Parameters) -> None:
    assert read(json.loads(json.dumps(kept(takes)))) == takes
