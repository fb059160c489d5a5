"""Which parameters a run accepts, and which it refuses."""

import json

import pytest

from toban.engine.runs.parameters import Parameter, Parameters, choices, kept, read, why_refused
from toban.message import plain

DATE = Parameter("date", plain("集計し直す日"), "2026-11-24")
TO = Parameter("to", plain("この日まで"), "2026-11-20")


@pytest.mark.parametrize(
    ("given", "takes", "words"),
    [
        ([], (DATE,), ""),
        (["to", "date"], (DATE, TO), ""),
        (["anything"], None, ""),
        (["dat", "date", "t"], (DATE,), "「dat、t」というパラメーターはありません"),
        (["date"], (), "「date」というパラメーターはありません"),
    ],
)
def test_parameters_unknown_to_the_work_are_refused(given: list[str], takes: Parameters, words: str) -> None:
    assert str(why_refused(given, takes)) == words


def test_possible_parameters_are_listed_with_their_purpose() -> None:
    assert str(choices((DATE, TO))) == "使えるのは date (集計し直す日)、to (この日まで) です"
    assert str(choices(())) == "このバッチにパラメーターはありません"
    assert str(choices(None)) == "パラメーターの名前は自由です"
    assert choices((DATE,)).in_language("en") == "The parameters are date (集計し直す日)"


@pytest.mark.parametrize("takes", [None, (), (DATE, TO)])
def test_parameters_stored_as_json_are_read_back_unchanged(takes: Parameters) -> None:
    assert read(json.loads(json.dumps(kept(takes)))) == takes
