"""The public holidays of Japan, by the names that its law gives them."""

from collections.abc import Mapping
from datetime import date
from functools import cache

from toban.message import Message

_HOLIDAYS = {
    "元日": "new-years-day",
    "成人の日": "coming-of-age-day",
    "建国記念の日": "foundation-day",
    "天皇誕生日": "emperors-birthday",
    "春分の日": "vernal-equinox-day",
    "昭和の日": "showa-day",
    "憲法記念日": "constitution-day",
    "みどりの日": "greenery-day",
    "こどもの日": "childrens-day",
    "海の日": "marine-day",
    "山の日": "mountain-day",
    "敬老の日": "respect-for-the-aged-day",
    "秋分の日": "autumnal-equinox-day",
    "体育の日": "physical-education-day",
    "スポーツの日": "sports-day",
    "文化の日": "culture-day",
    "勤労感謝の日": "labor-thanksgiving-day",
    "国民の休日": "national-holiday",
    "皇太子・明仁親王の結婚の儀": "the-crown-prince-marriage-ceremony",
    "昭和天皇の大喪の礼": "emperor-showa-funeral-ceremony",
    "即位の礼正殿の儀": "enthronement-ceremony",
    "皇太子・皇太子徳仁親王の結婚の儀": "the-crown-prince-marriage-ceremony",
    "天皇の即位の日": "emperors-enthronement-day",
    "即位礼正殿の儀": "enthronement-ceremony",
}
"""The public holidays of Japan since 1948, by their names in its law → what the catalogue calls them."""


def japanese_holidays(years: range) -> Mapping[date, Message]:
    """Return the public holidays of Japan in *years* with their names, substitute holidays included.

    Right from 1986 to 2099; the equinoxes of years to come are as astronomy has them, not yet as announced.
    """
    # Imported here: few documents need them.
    from jpholiday import year_holidays  # noqa: PLC0415

    return {day: _holiday(name) for year in years for day, name in year_holidays(year)}


@cache
def _holiday(name: str) -> Message:
    if "振替休日" in name:
        return Message("holiday.substitute-holiday")
    if (code := _HOLIDAYS.get(name)) is None:
        # A law may bring a new one sooner than Toban knows its name in English.
        return Message("design.quoted", words=name)
    return Message(f"holiday.{code}")
