"""Attributes are kept as columns where all lines are alike, and as texts otherwise: the same either way."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.telemetry_rows import log_rows
from tests.unit.chapters.logs.intake.test_lines import SHOP, read

from toban.chapters.logs.intake.lines import BatchOrigin
from toban.engine.telemetry.objects import MOST_COLUMNS, are_columns, with_texts

TEXT = st.text(st.characters(exclude_categories=["Cs"]))
NAME = TEXT.map(lambda text: f"own {text}")
UNMASKED = "[logs]\nmask = []\n"
PLAIN = TEXT | st.integers(-(2**63), 2**63 - 1)


@given(st.dictionaries(NAME, PLAIN), st.lists(st.dictionaries(NAME, PLAIN), max_size=3))
def test_attributes_are_those_that_were_sent(
    alike: dict[str, object], others: list[dict[str, object]]
) -> None:
    sent = [alike, dict(alike), *others]

    reading = read(*({"message": "a", **fields} for fields in sent), bindings=UNMASKED)

    assert [row.attributes for row in log_rows(reading.rows)] == sent
    assert [row.attributes for row in log_rows(with_texts(reading.rows))] == sent


@pytest.mark.parametrize(
    ("sent", "is_alike"),
    [
        ([{"a": "1", "b": 2}, {"a": "", "b": -2}], True),
        ([{"a": "1"}, {"a": 1}], False),
        ([{"a": "1"}, {"b": "1"}], False),
        ([{"a": "1"}, {"a": None}], False),
        ([{"a": 1}, {"a": 2**63}], False),
        ([{"a": True}, {"a": False}], False),
        ([{"a": 1.0}, {"a": 2.5}], False),
        ([{"a": ["1"]}, {"a": ["2"]}], False),
        ([{"a": {"b": "1"}}, {"a": {"b": "2"}}], False),
        ([{"": "1"}, {"": "2"}], False),
        ([{}, {}], False),
        ([{f"field{number}": number for number in range(MOST_COLUMNS)}] * 2, True),
        ([{f"field{number}": number for number in range(MOST_COLUMNS + 1)}] * 2, False),
        # No status: it is kept as an attribute of its line.
        ([{"a": "1", "status": 200}, {"a": "1", "status": 999}], False),
    ],
)
def test_only_texts_and_whole_numbers_of_lines_that_are_alike_are_columns(
    sent: list[dict[str, object]], is_alike: bool
) -> None:
    reading = read(*sent)

    assert are_columns(reading.rows) is is_alike


def test_what_is_known_of_all_lines_is_a_column_unless_a_line_says_it_itself() -> None:
    origin = BatchOrigin("shop", known={"host": "web-1", "file": "/var/log/a"})

    reading = read({"message": "a", "host": "web-2"}, {"message": "b", "host": "web-3"}, origin=origin)

    assert are_columns(reading.rows)
    assert [row.attributes for row in log_rows(reading.rows)] == [
        {"host": "web-2", "file": "/var/log/a"},
        {"host": "web-3", "file": "/var/log/a"},
    ]


def test_a_batch_read_in_pieces_is_columns_only_if_all_pieces_are() -> None:
    alike = [{"message": "a", "a": str(number)} for number in range(6000)]

    assert are_columns(read(*alike, origin=SHOP).rows)
    assert not are_columns(read(*alike, {"message": "a", "b": "1"}, origin=SHOP).rows)
