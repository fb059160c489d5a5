"""The search of errors: its syntax and its meaning."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from toban.chapters.errors.intake.event import ErrorEvent, EventLevel, RaisedException
from toban.chapters.errors.searching.search import (
    ANYWHERE,
    LONGEST_NAME,
    LONGEST_VALUE,
    MOST_TERMS,
    MOST_VALUES,
    ValuePlace,
    of_tag,
    read_search,
    values_of,
)
from toban.engine.search_parts import LONGEST, BadSearch, Match, SearchTerm
from toban.engine.telemetry.logs.language import read_search as read_log_search

EVENT = ErrorEvent("", datetime(2026, 11, 26, 3, tzinfo=UTC), EventLevel.ERROR, "", "", ())


def tag(name: str) -> ValuePlace:
    return ValuePlace((f"tags.{name}",))


def words(text: str, *, negated: bool = False) -> SearchTerm[ValuePlace]:
    return SearchTerm(ANYWHERE, Match.PART, text, negated)


@pytest.mark.parametrize(
    ("written", "term"),
    [
        ("timeout", words("timeout")),
        ('"card declined"', words("card declined")),
        ("-timeout", words("timeout", negated=True)),
        ("KeyError:", words("KeyError:")),
        ("決済", words("決済")),
        ("region:tokyo", SearchTerm(tag("region"), Match.WHOLE, "tokyo")),
        ("tags[release]:x", SearchTerm(tag("release"), Match.WHOLE, "x")),
        ("tags.release:x", SearchTerm(tag("release"), Match.WHOLE, "x")),
        ("Region:tok*", SearchTerm(tag("region"), Match.BEGINS, "tok")),
        ("region:*kyo", SearchTerm(tag("region"), Match.ENDS, "kyo")),
        ("region:*oky*", SearchTerm(tag("region"), Match.PART, "oky")),
        ('region:"tok*"', SearchTerm(tag("region"), Match.WHOLE, "tok*")),
        ("region:*", SearchTerm(tag("region"), Match.ANY, "")),
        ("has:region", SearchTerm(tag("region"), Match.ANY, "")),
        ("!region:tokyo", SearchTerm(tag("region"), Match.WHOLE, "tokyo", negated=True)),
        ("-地域:東京", SearchTerm(tag("地域"), Match.WHOLE, "東京", negated=True)),
        ("error.type:KeyError", SearchTerm(ValuePlace(("type", "tags.error.type")), Match.WHOLE, "KeyError")),
        ("value:sku", SearchTerm(ValuePlace(("value", "tags.value")), Match.PART, "sku")),
        ("times_seen:>100", SearchTerm(ValuePlace((), ("count",)), Match.ABOVE, "100")),
        ("users:5", SearchTerm(ValuePlace((), ("users",)), Match.EQUAL, "5")),
        ("id:ABCD-EF", SearchTerm(ValuePlace(of_event=("event_id",)), Match.WHOLE, "abcdef")),
    ],
)
def test_each_kind_of_search_term_is_parsed(written: str, term: object) -> None:
    assert read_search(written) == (term,)


def test_levels_are_recognised_by_their_logger_names() -> None:
    (term,) = read_search("level:WARN")

    assert (term.match, term.value) == (Match.WHOLE, "warning")


def test_terms_are_separated_by_spaces() -> None:
    assert len(read_search(' timeout  environment:production -"a b" ')) == 3
    assert read_search("  ") == ()


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ('"open', "引用符を閉じて"),
        ("a OR", "OR の前後"),
        ("(a OR b) c", "括弧"),
        ("/time.*out/", "正規表現"),
        ("release:>1", "比べられるのは count と users"),
        ("count:many", "数を書いて"),
        ("level:loud", "「loud」というレベルはありません"),
        ("is:unresolved", "状態は状態の欄"),
        ("release:[a,b]", "値は一つだけ"),
        ("x" * (LONGEST + 1), "文字まで"),
        (" ".join(["x"] * (MOST_TERMS + 1)), "個まで"),
    ],
)
def test_an_invalid_term_is_named(written: str, why: str) -> None:
    with pytest.raises(BadSearch, match=why):
        read_search(written)


@pytest.mark.parametrize(
    "written", ["a b", '"a b" -c', "x:y -x:y*", 'x:"y z" w', "-x:1", "KeyError: x", "「在庫」 x:在庫", 'a"b"']
)
def test_the_search_is_split_into_terms_like_the_log_search(written: str) -> None:
    assert len(read_search(written)) == len(read_log_search(written).terms)


@pytest.mark.parametrize("name", ["region", "release", "count", "has", "tags", "地域", "a.b", "a-b"])
@pytest.mark.parametrize("value", ["tokyo", "a b", 'say "x"', "[1]", "end*", "-", "東京"])
def test_the_term_written_for_a_tag_is_parsed_as_that_tag(name: str, value: str) -> None:
    (term,) = read_search(of_tag(name, value))

    assert f"tags.{name}" in term.field.names
    assert (term.match, term.value) == (Match.WHOLE, value)


def test_a_tag_is_found_however_long_its_name() -> None:
    name = "n" * 2 * LONGEST_NAME
    kept, _ = values_of(replace(EVENT, tags={name: "x"}))[-1]

    (found,) = read_search(f"{name}:x")

    assert kept in found.field.names


@pytest.mark.parametrize("name", ["", "a b", "a:b", "-a", "!a", "a]b", '"'])
def test_a_tag_whose_name_cannot_be_written_has_no_term(name: str) -> None:
    assert of_tag(name, "x") == ""


def test_an_event_is_found_by_its_text_regardless_of_case_and_width() -> None:
    event = replace(
        EVENT,
        raised=(RaisedException("ValueError", "inner"), RaisedException("KeyError", "ｶｰﾄﾞ １２\n declined")),
        release="Shop@1.0",
        environment="production",
        user={"id": "U1", "plan": "gold"},
        tags={"Region": "Tokyo"},
        request={"url": "https://shop.example/pay", "method": "POST"},
    )

    assert set(values_of(event)) == {
        ("type", "keyerror"),
        ("value", "カード 12 declined"),
        ("type", "valueerror"),
        ("value", "inner"),
        ("release", "shop@1.0"),
        ("environment", "production"),
        ("level", "error"),
        ("url", "https://shop.example/pay"),
        ("user.id", "u1"),
        ("tags.region", "tokyo"),
    }


def test_search_values_beyond_the_limits_are_left_out() -> None:
    event = replace(EVENT, message="x" * 9000, tags={f"t{number}": "x" for number in range(250)})

    found = values_of(event)

    assert len(found) == MOST_VALUES
    assert ("message", "x" * LONGEST_VALUE) in found
