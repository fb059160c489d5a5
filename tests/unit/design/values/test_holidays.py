"""The public holidays of Japan."""

from datetime import date

import pytest
from holidays import country_holidays

from toban import catalogue
from toban.design.values.days_off.holidays import japanese_holidays


def test_japanese_holidays_include_substitute_holidays_by_name() -> None:
    holidays = japanese_holidays(range(2026, 2027))

    assert str(holidays[date(2026, 5, 6)]) == "振替休日"
    assert date(2026, 5, 7) not in holidays


def test_japanese_holidays_are_those_of_another_library() -> None:
    years = range(1986, 2100)

    assert set(japanese_holidays(years)) == set(country_holidays("JP", years=years))


def test_a_holiday_without_a_translation_is_called_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    day = date(2027, 6, 1)
    monkeypatch.setattr("jpholiday.year_holidays", lambda _: [(day, "当番の日")])

    assert str(japanese_holidays(range(2027, 2028))[day]) == "「当番の日」"


@pytest.mark.parametrize("language", catalogue.LANGUAGES)
def test_every_holiday_that_can_be_reached_has_a_name(language: str) -> None:
    holidays = set(japanese_holidays(range(1950, 2100)).values())

    assert [each.code for each in holidays if catalogue.sentence(each.code, language) is None] == []
