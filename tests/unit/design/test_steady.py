"""Words that time alone changes are no other text."""

import time

import pytest

from toban.design.steady import steady


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("表示 12 回", "表示 1,304 回"),
        ("2026年12月1日(火) 9:00 現在", "2027年1月10日(日) 23:59 現在"),
        ("最終表示: 3分前", "最終表示: 約2時間前"),
        ("最終表示: たった今", "最終表示: 昨日"),
        ("Shown on Tuesday, Dec 1st, 9:00 am", "Shown on Fri, 12 January 2027 10:00 PM"),
        ("Seen an hour ago", "Seen 3 days ago"),
    ],
)
def test_dates_times_and_counters_are_no_other_text(before: str, after: str) -> None:
    assert steady(before) == steady(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Webサーバーを再起動する", "Webサーバーを停止する"),
        ("call Sato", "call Suzuki"),
        ("ssh web", "ssh db"),
        ("その日のうち", "翌週"),
        ("market", "mark"),
    ],
)
def test_other_words_are_another_text(before: str, after: str) -> None:
    assert steady(before) != steady(after)


def test_no_text_takes_long() -> None:
    began = time.perf_counter()

    steady("1." * 500_000 + "an" * 100_000)

    assert time.perf_counter() - began < 5
