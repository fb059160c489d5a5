"""Messages: codes with values, and the sentences that they become."""

from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from toban import catalogue
from toban.engine.orders import NotPossible
from toban.message import NOTHING, Message, from_json, lines, listing, message_of, plain, sentences

AT = datetime(2026, 11, 27, 9, 30, tzinfo=UTC)
TWO_HOURS = Message("common.hours", count=2)

VALUES = st.recursive(
    st.one_of(
        st.text(max_size=20), st.integers(), st.booleans(), st.none(), st.floats(allow_nan=False),
        st.dates(), st.datetimes(timezones=st.just(UTC)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(tuple),
        st.dictionaries(st.from_regex(r"[a-z]{1,5}", fullmatch=True), inner, max_size=3).map(
            lambda values: Message("common.any", **values)
        ),
    ),
    max_leaves=8,
)  # fmt: skip


class Colour(StrEnum):
    RED = "red"


def test_numbers_that_evidence_keeps_as_text_are_read_as_numbers() -> None:
    said = Message("objectives.in-percent", value=99.9874)
    kept = Message("objectives.in-percent", value="99.9874")

    assert kept.in_language("ja") == said.in_language("ja") == "99.987%"
    assert (
        Message("objectives.in-percent", value="much").in_language("ja") == "objectives.in-percent value=much"
    )


def test_a_message_is_read_in_each_language() -> None:
    said = Message("common.two-units", greater=TWO_HOURS, lesser=Message("common.minutes", count=5))

    assert said.in_language("ja") == "2時間5分"
    assert said.in_language("en") == said.in_language("en-GB") == "2 h 5 min"
    assert said.in_language("fr") == "2時間5分"


def test_text_is_in_the_active_language(monkeypatch: pytest.MonkeyPatch) -> None:
    assert str(TWO_HOURS) == "2時間"
    monkeypatch.setattr(catalogue, "_active", lambda: "en")
    assert f"{TWO_HOURS}" == "2 h"


def test_a_count_chooses_the_plural_form() -> None:
    assert Message("common.about-hours", count=1).in_language("en") == "about 1 hour"
    assert Message("common.about-hours", count=2).in_language("en") == "about 2 hours"


def test_a_count_is_written_with_its_thousands_apart() -> None:
    assert Message("common.about-hours", count=1200).in_language("en") == "about 1,200 hours"
    assert Message("common.about-hours", count=1200).as_json()["values"] == {"count": 1200}


def test_a_list_is_separated_as_its_reader_expects() -> None:
    names = listing(["api", "db"])

    assert (names.in_language("ja"), names.in_language("en")) == ("api、db", "api, db")
    assert listing([]) == NOTHING
    assert listing([TWO_HOURS]) is TWO_HOURS


def test_sentences_and_lines_leave_out_what_says_nothing() -> None:
    said = sentences(plain("a"), NOTHING, plain("b"))

    assert (said.in_language("ja"), said.in_language("en")) == ("a。b", "a. b")
    assert str(lines(plain("a"), plain(""), TWO_HOURS)) == "a\n2時間"
    assert sentences(NOTHING, plain("")) == NOTHING


@given(VALUES)
def test_a_stored_message_comes_back_as_it_was(value: object) -> None:
    message = Message("common.any", value=value)

    assert from_json(message.as_json()) == message


def test_text_from_before_messages_is_a_plain_message() -> None:
    assert from_json("値が届いていません") == plain("値が届いていません")
    assert str(from_json("100% ok")) == "100% ok"
    assert from_json(None) == from_json("") == from_json(NOTHING.as_json()) == NOTHING


def test_values_keep_their_type_and_all_else_becomes_text() -> None:
    said = Message("common.any", n=3, ok=True, path=Path("a/b"), red=Colour.RED, names=["a", "b"])

    assert said.values == {"n": 3, "ok": True, "path": "a/b", "red": "red", "names": ("a", "b")}
    assert type(said.values["red"]) is str


def test_moments_are_written_to_the_minute() -> None:
    dated = Message("common.list", parts=(AT, date(2026, 1, 2)))

    assert str(dated) == "2026-11-27 09:30、2026-01-02"


def test_what_no_catalogue_can_say_is_written_with_its_values() -> None:
    """A package was removed, or another version of Toban has stored the message."""
    assert Message("gone.long-ago", count=3, names=("a", "b")).in_language("en") == (
        "gone.long-ago count=3 names=a, b"
    )
    assert str(Message("common.about-hours", hours=3)) == "common.about-hours hours=3"


def test_only_a_message_that_says_something_is_true() -> None:
    assert TWO_HOURS
    assert plain("x")
    assert not NOTHING
    assert not plain("")
    assert str(NOTHING) == ""


def test_equal_messages_have_equal_hashes() -> None:
    again = Message("common.hours", count=2)

    assert again == TWO_HOURS
    assert len({again, TWO_HOURS}) == 1
    assert Message("common.hours", count=3) != TWO_HOURS
    assert TWO_HOURS != "2時間"


def test_an_error_says_its_message_and_a_foreign_one_its_text() -> None:
    assert message_of(NotPossible(TWO_HOURS)) is TWO_HOURS
    assert message_of(OSError(2, "No such file")) == plain("[Errno 2] No such file")
    assert str(NotPossible(TWO_HOURS)) == "2時間"


def test_output_carries_code_values_and_text() -> None:
    assert TWO_HOURS.as_output() == {"code": "common.hours", "values": {"count": 2}, "text": "2時間"}
