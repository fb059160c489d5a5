"""Text from outside, made harmless."""

import pytest

from toban.text import no_formula


@pytest.mark.parametrize("sign", [*"=+-@＝＋－＠", "\t", "\r", "\n"])
def test_a_cell_of_csv_never_begins_like_a_formula(sign: str) -> None:
    assert no_formula(f"{sign}cmd|' /C calc'!A0") == f"'{sign}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["", "GET /?a=b", "売上", "'=1"])
def test_any_other_cell_stays_as_it_is(text: str) -> None:
    assert no_formula(text) == text
