"""What customers must not read."""

import pytest

from toban.chapters.incident.reports.hiding import hiding

hide = hiding(("佐藤", "ito", "web-1", "web-1:9100", "", "A"))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("佐藤が対応した", "***が対応した"),
        ("Ito restarted it", "*** restarted it"),
        ("itoさんが確認、担当ito", "***さんが確認、担当***"),
        ("佐 藤、佐　藤", "***、***"),
        ("the monitor is fine", "the monitor is fine"),
        ("web-1:9100 と web-10", "*** と web-10"),
        ("10.0.3.7:8080 に接続できない", "*** に接続できない"),
        ("2001:db8::7 に接続できない", "*** に接続できない"),
        ("詳細はhttps://wiki.example.com/a?b=1を参照", "詳細は***を参照"),
        ("連絡先はsato@example.comまで", "連絡先は***まで"),
        ("db.prod.internal:5432 が応答しない", "*** が応答しない"),
        ("localhost:8000", "***"),
        ("2026-04-06 12:30:05 に 99.95% へ", "2026-04-06 12:30:05 に 99.95% へ"),
        ("A社の shop 1.4.2", "A社の shop 1.4.2"),
    ],
)
def test_names_and_addresses_are_hidden_and_nothing_else(text: str, told: str) -> None:
    assert hide(text) == told
