"""The figures of a day, and how they are shown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.batch.kinds.statistics.days import days
from toban.chapters.batch.kinds.statistics.figures import NoFigure, StatisticsFigure, coverage, of_row, pieces
from toban.engine.telemetry.samples import Point

MIDNIGHT = datetime(2026, 11, 24, tzinfo=UTC)
[DAY] = days({}, MIDNIGHT + timedelta(days=1), ZoneInfo("UTC"))


def test_each_column_of_the_row_is_a_figure_with_its_unit() -> None:
    found = of_row([{"注文": 12, "売上": Decimal("1234.50"), "率": 0.1, "客単価": None}], {"注文": "件"})

    assert found == [
        StatisticsFigure("注文", Decimal(12), "件"),
        StatisticsFigure("売上", Decimal("1234.5"), ""),
        StatisticsFigure("率", Decimal("0.1"), ""),
        StatisticsFigure("客単価", None, ""),
    ]


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([], "0 行を返しました"),
        ([{"a": 1}, {"a": 2}], "2 行を返しました"),
        ([{"a": "many"}], "a の「many」は数ではありません"),
        ([{"a": True}], "a の「True」は数ではありません"),
        ([{"a": float("inf")}], "記録できる数ではありません"),
        ([{"a": Decimal("NaN")}], "記録できる数ではありません"),
        ([{"a": 10**24}], "記録できる数ではありません"),
    ],
)
def test_an_invalid_figure_is_refused(rows: list[dict[str, object]], words: str) -> None:
    with pytest.raises(NoFigure, match=words):
        of_row(rows, {})


@pytest.mark.parametrize(
    ("figure", "words"),
    [
        (StatisticsFigure("注文", Decimal(0), "件"), "注文 0件"),
        (StatisticsFigure("応答", None, "ms", 0.0), "応答 欠測"),
        (StatisticsFigure("応答", Decimal("1234.567"), "ms", 1.0), "応答 1,234.57ms"),
        (StatisticsFigure("応答", Decimal(87), "ms", 0.999), "応答 87ms (計測 99%)"),
        (StatisticsFigure("応答", Decimal(87), "ms", 0.001), "応答 87ms (計測 0%)"),
    ],
)
def test_a_gap_is_reported_as_a_gap_and_a_partial_day_as_partial(
    figure: StatisticsFigure, words: str
) -> None:
    assert str(figure.said) == words


def test_a_partial_day_is_reported_in_english() -> None:
    partial = StatisticsFigure("応答", Decimal(87), "ms", 0.999)

    assert partial.said.in_language("en") == "応答 87ms (measured 99%)"


def test_half_a_day_of_measurements_counts_as_half() -> None:
    points = [Point(MIDNIGHT + timedelta(minutes=5 * n), 1, 1, 1) for n in range(144)]

    assert pieces(DAY) == 288
    assert coverage(points, DAY) == 0.5
    assert coverage([], DAY) == 0
