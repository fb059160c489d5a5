"""A cell's value is carried over as its number format shows it."""

from datetime import date, datetime, time, timedelta

import pytest

from toban.engine.workbooks.number_formats import BUILT_IN, shown
from toban.message import NOTHING, Message


@pytest.mark.parametrize(
    ("value", "code", "text"),
    [
        (0.999, "0.0%", "99.9%"),
        (0.7, "0%", "70%"),
        (90.0, "General", "90"),
        (0.1 + 0.2, "General", "0.3"),
        (123456789012, "General", "123456789012"),
        (True, "General", "TRUE"),
        (550000, '"¥"#,##0', "¥550,000"),
        (550000, "[$¥-411]#,##0", "¥550,000"),
        (-1234, "#,##0_);(#,##0)", "(1,234)"),
        (-5, "0.0", "-5.0"),
        (90, '0"日"', "90日"),
        (7, "000", "007"),
        (1.5, "0.0##", "1.5"),
        (2, "[Red]0", "2"),
        (time(2), "h:mm", "2:00"),
        (time(2, 5, 7), "hh:mm:ss", "02:05:07"),
        (time(14, 30), "h:mm AM/PM", "2:30 PM"),
        (timedelta(hours=26), "[h]:mm", "26:00"),
        (timedelta(minutes=90), "[mm]:ss", "90:00"),
        (datetime.fromisoformat("2026-04-01"), "mm-dd-yy", "2026/4/1"),
        (datetime.fromisoformat("2026-04-01"), 'yyyy"年"m"月"d"日"', "2026年4月1日"),
        (datetime.fromisoformat("2026-04-01"), BUILT_IN[31], "2026年4月1日"),
        (datetime.fromisoformat("2026-04-01 09:05"), "yyyy/mm/dd hh:mm", "2026/04/01 09:05"),
        (date(2026, 4, 1), "yy-m-d;@", "26-4-1"),
        (date(2026, 4, 1), "yyyy.mm.dd", "2026.04.01"),
        (1e300, "General", f"1{'0' * 300}"),
        ("  90日 ", "@", "90日"),
        ("鈴木", '0;-0;0;@"様"', "鈴木様"),
        (None, "General", ""),
    ],
)
def test_value_is_shown_by_its_format(value: object, code: str, text: str) -> None:
    said = shown(value, code)

    assert (said.text, said.why) == (text, NOTHING)


@pytest.mark.parametrize(
    ("value", "code", "text", "why"),
    [
        (0.9995, "0%", "100%", Message("workbooks.rounded", exact="0.9995")),
        (12, ";;;", "", Message("workbooks.value-is-hidden", exact="12")),
        (0, '0;-0;"-"', "-", Message("workbooks.value-is-hidden", exact="0")),
        (
            datetime.fromisoformat("2026-04-01"),
            "[$-411]ge.m.d",
            "2026/4/1",
            Message("workbooks.format-not-followed", format="[$-411]ge.m.d", shown="2026/4/1"),
        ),
        (
            1500,
            "0.00E+00",
            "1500",
            Message("workbooks.format-not-followed", format="0.00E+00", shown="1500"),
        ),
        (0.5, "# ?/?", "0.5", Message("workbooks.format-not-followed", format="# ?/?", shown="0.5")),
        ("秘密", ";;;", "", Message("workbooks.value-is-hidden", exact="秘密")),
        (5, "[>=100]0", "5", Message("workbooks.format-not-followed", format="[>=100]0", shown="5")),
    ],
)
def test_what_the_format_hides_or_is_not_known_is_said(
    value: object, code: str, text: str, why: Message
) -> None:
    said = shown(value, code)

    assert (said.text, said.why) == (text, why)
