"""The text of a finding."""

from toban.design.finding import Finding, FindingLevel
from toban.design.origin import Origin
from toban.message import plain


def test_the_text_names_place_and_code_then_quotes_the_row_then_gives_a_hint() -> None:
    finding = Finding(
        "BK004",
        FindingLevel.ERROR,
        Origin("ops.md", 142),
        plain("間隔が長すぎます"),
        "DB | 日次\n2行目",
        plain("短くする"),
    )

    assert str(finding) == "ops.md:142: BK004 間隔が長すぎます\n    DB | 日次\n    2行目\nHINT: 短くする"
