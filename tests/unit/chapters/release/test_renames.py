"""Which table of deployments can only be another's successor."""

import pytest

from toban.chapters.release.ordering.renames import renamed

PRODUCTION, STAGING = ("shop", "本番環境"), ("shop", "ステージング環境")


@pytest.mark.parametrize(
    ("tables", "histories", "expected"),
    [
        ({"prod": PRODUCTION}, {"本番環境": PRODUCTION}, {("本番環境", "prod")}),
        (
            {"prod": PRODUCTION, "stg": STAGING},
            {"a": PRODUCTION, "b": STAGING},
            {("a", "prod"), ("b", "stg")},
        ),
        ({"prod": PRODUCTION}, {"prod": PRODUCTION}, set()),
        ({"prod": PRODUCTION}, {}, set()),
        ({}, {"prod": PRODUCTION}, set()),
        # Another environment's history, or another service's, is nobody's here.
        ({"prod": PRODUCTION}, {"stg": STAGING}, set()),
        ({"prod": PRODUCTION}, {"prod-of-api": ("api", "本番環境")}, set()),
        # Nobody can know which of them it was.
        ({"tokyo": PRODUCTION, "nagoya": PRODUCTION}, {"tokyo": PRODUCTION, "osaka": PRODUCTION}, set()),
        ({"prod": PRODUCTION}, {"tokyo": PRODUCTION, "osaka": PRODUCTION}, set()),
        ({"tokyo": PRODUCTION, "osaka": PRODUCTION}, {"prod": PRODUCTION}, set()),
    ],
)
def test_a_history_goes_to_the_only_table_that_can_have_taken_its_place(
    tables: dict[str, tuple[str, str]],
    histories: dict[str, tuple[str, str]],
    expected: set[tuple[str, str]],
) -> None:
    assert set(renamed(tables, histories)) == expected
