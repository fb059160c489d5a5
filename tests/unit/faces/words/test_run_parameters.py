"""Parameters of an ordered run."""

import pytest

from toban.faces.words.run_parameters import NoParameter, read_parameters


def test_a_value_may_contain_anything_even_an_equals_sign() -> None:
    assert read_parameters(["date=2026-11-24", "filter=a=b c"]) == {"date": "2026-11-24", "filter": "a=b c"}


@pytest.mark.parametrize("written", ["date", "=1", "日付=1", "a-b=1", " a=1", ""])
def test_an_invalid_parameter_is_refused_with_the_expected_format(written: str) -> None:
    with pytest.raises(NoParameter, match="英数字の名前=値"):
        read_parameters([written])
