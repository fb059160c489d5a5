"""Registration numbers of qualified invoice issuers."""

import pytest

from toban.message import NOTHING
from toban_invoices.registration import check_digit, complaint


@pytest.mark.parametrize(
    ("base", "digit"),
    [
        ("000012050002", 7),  # the National Tax Agency's own: 7000012050002
        ("000000000000", 9),  # no remainder: 9, never 0
        ("000000000001", 8),  # the last digit has the weight 1
        ("000000000010", 7),  # the one before it the weight 2
        ("999999999999", 9),
    ],
)
def test_the_check_digit_is_nine_minus_the_remainder(base: str, digit: int) -> None:
    assert check_digit(base) == digit


def test_a_corporate_number_with_the_right_check_digit_is_valid() -> None:
    assert complaint("T7000012050002", is_corporation=True) == NOTHING


def test_a_typo_in_one_digit_is_found() -> None:
    assert "検査用数字" in str(complaint("T7000012050003", is_corporation=True))


def test_a_sole_proprietors_number_is_not_a_corporate_number() -> None:
    assert complaint("T7000012050003", is_corporation=False) == NOTHING


@pytest.mark.parametrize(
    "number", ["7000012050002", "T700001205000", "T70000120500022", "T700001205000２", ""]
)
def test_anything_but_t_and_thirteen_digits_is_refused(number: str) -> None:
    assert "13 桁" in str(complaint(number, is_corporation=False))
