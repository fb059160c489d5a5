"""Which known name an unknown one is taken for a slip of."""

import pytest

from toban.engine.bindings.near import nearest


@pytest.mark.parametrize(
    ("name", "known", "meant"),
    [
        ("Webサーバ", "Webサーバー", "Webサーバー"),
        ("postgresql", "PostgreSQL", "PostgreSQL"),
        ("Ｗｅｂサーバー", "Webサーバー", "Webサーバー"),
        ("運用責任社", "運用責任者", "運用責任者"),
        ("取引", "取引ログ", "取引ログ"),
        # Other things with similar names.
        ("DBサーバー", "Webサーバー", None),
        ("監査ログ", "取引ログ", None),
        ("B005", "B004", None),
        ("web-1", "web-2", None),
        ("本番環境", "検証環境", None),
    ],
)
def test_a_name_that_differs_in_more_than_a_slip_is_another_one(
    name: str, known: str, meant: str | None
) -> None:
    assert nearest(name, [known]) == meant


def test_a_name_that_has_an_entry_of_its_own_is_not_meant() -> None:
    assert nearest("Webサーバ", ["Webサーバー"], taken=["Webサーバー"]) is None


def test_of_two_names_that_are_as_near_neither_is_guessed() -> None:
    assert nearest("Webサーバ", ["Webサーバー", "Webサーバ群"]) is None
