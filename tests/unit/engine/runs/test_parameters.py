"""Which parameters a run accepts, and which it refuses."""

import json

import pytest

from toban.engine.runs.parameters import (
    Parameter,
    ParameterKind,
    Parameters,
    choices,
    filled,
    kept,
    read,
    why_refused,
    written,
)
from toban.message import NOTHING, plain

DATE = Parameter("date", plain("集計し直す日"), "2026-11-24")
TO = Parameter("to", plain("この日まで"), "2026-11-20")
COUNT = Parameter("count", plain(""), kind=ParameterKind.NUMBER, least="1", most="1000", default="10")
DAY = Parameter("day", plain(""), kind=ParameterKind.DATE, is_required=True)
MODE = Parameter("mode", plain(""), kind=ParameterKind.CHOICE, choices=("light", "full"))
NOTE = Parameter("note", plain(""), kind=ParameterKind.TEXT)
KEY = Parameter("key", plain(""), kind=ParameterKind.SECRET, choices=("本番", "検証"))


@pytest.mark.parametrize(
    ("given", "takes", "words"),
    [
        ([], (DATE,), ""),
        (["to", "date"], (DATE, TO), ""),
        (["anything"], None, ""),
        (["a=b", "anything", ""], None, "「a=b、」というパラメーターはありません"),
        (["dat", "date", "t"], (DATE,), "「dat、t」というパラメーターはありません"),
        (["date"], (), "「date」というパラメーターはありません"),
    ],
)
def test_parameters_unknown_to_the_work_are_refused(given: list[str], takes: Parameters, words: str) -> None:
    assert str(why_refused(dict.fromkeys(given, "x"), takes)) == words


def test_possible_parameters_are_listed_with_their_purpose() -> None:
    assert str(choices((DATE, TO))) == "使えるのは date (集計し直す日)、to (この日まで) です"
    assert str(choices(())) == "このバッチにパラメーターはありません"
    assert str(choices(None)) == "パラメーターの名前は自由です"
    assert choices((DATE,)).in_language("en") == "The parameters are date (集計し直す日)"


@pytest.mark.parametrize("takes", [None, (), (DATE, TO), (COUNT, DAY, MODE, NOTE, KEY)])
def test_parameters_stored_as_json_are_read_back_unchanged(takes: Parameters) -> None:
    assert read(json.loads(json.dumps(kept(takes)))) == takes


@pytest.mark.parametrize(
    ("parameter", "good", "bad"),
    [
        (COUNT, "1 1000 2.5", "0 1001 1e3 0x10 ten １０ 1,000 nan"),
        (
            Parameter("size", plain("size"), kind=ParameterKind.COUNT, least="1", most="10"),
            "1 10",
            "0 11 2.5 -1 １ 1e1",
        ),
        (DAY, "2028-02-29", "2027-02-29 20270228 2027-2-8 today"),
        (MODE, "light full", "Light ful light|full"),
        (NOTE, "a 日本 $(reboot) a;b a{mode}", "-rf --delete a\nb \x1b[2J a\u2028b a\0"),
        (KEY, "本番", "s3cr3t-itself"),
    ],
    ids=lambda each: each.name if isinstance(each, Parameter) else "",
)
def test_a_value_is_one_of_its_kind(parameter: Parameter, good: str, bad: str) -> None:
    day = {"day": "2026-11-28"} if parameter is not DAY else {}
    takes = (DAY, parameter) if day else (DAY,)

    assert not [each for each in good.split(" ") if why_refused({**day, parameter.name: each}, takes)]
    assert not [each for each in bad.split(" ") if not why_refused({**day, parameter.name: each}, takes)]


def test_a_refusal_says_what_is_allowed_and_never_repeats_what_may_be_a_secret() -> None:
    assert str(why_refused({"count": "0"}, (COUNT,))) == "「count」に「0」は使えません: 数 (1〜1000)"
    assert str(why_refused({}, (DAY,))) == "パラメーター「day」が必要です"
    assert (
        str(why_refused({"key": "s3cr3t"}, (KEY,)))
        == "「key」には秘密情報の名前を指定します: 本番、検証 のどれか"
    )


def test_a_run_that_is_given_none_has_the_defaults() -> None:
    assert filled({"mode": "full"}, (COUNT, MODE)) == {"count": "10", "mode": "full"}
    assert filled({"any": "1"}, None) == {"any": "1"}


@pytest.mark.parametrize("takes", [None, (DATE,)])
def test_no_value_holds_a_nul(takes: Parameters) -> None:
    assert why_refused({"date": "x\0y"}, takes).code == "runs.parameter-is-wrong"
    assert why_refused({"date": "x y"}, takes) == NOTHING


@pytest.mark.parametrize(
    ("given", "line"),
    [
        ({}, ""),
        ({"to": "2026-11-20", "date": "2026-11-24"}, "date=2026-11-24  to=2026-11-20"),
        ({"note": "本番 の切替"}, 'note="本番 の切替"'),
        # None of these looks like another parameter, another line or another text.
        ({"a": "1  mode=light"}, 'a="1  mode=light"'),
        ({"a=1  b": "2"}, '"a=1  b"=2'),
        ({"a": 'x"  b="y'}, r'a="x\"  b=\"y"'),
        ({"a": "x\n手順: 確認だけ"}, r'a="x\n手順: 確認だけ"'),
        ({"a": "db-1\u202e"}, r'a="db-1\u202e"'),
        ({"a": r"db-1\u202e"}, r'a="db-1\\u202e"'),
        ({"a": "\x1b[2K"}, r'a="\u001b[2K"'),
    ],
)
def test_who_approves_is_shown_every_parameter_as_it_is(given: dict[str, str], line: str) -> None:
    assert written(given) == line
