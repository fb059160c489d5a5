"""Statistics that conditions name."""

from decimal import Decimal

import pytest

from toban.design.shapes.limits import read_limit
from toban.design.values.duration import Duration, TimeUnit
from toban.design.values.statistic import Statistic, read_statistic
from toban.design.values.threshold import Tally

FIVE = Duration(Decimal(5), TimeUnit.MINUTE)


@pytest.mark.parametrize(
    ("text", "statistic", "of"),
    [
        ("p95", Statistic(Decimal(95)), ""),
        ("P99.9", Statistic(Decimal("99.9")), ""),
        ("95パーセンタイル値", Statistic(Decimal(95)), ""),
        ("latency_p95", Statistic(Decimal(95)), "latency"),
        ("API応答時間（95パーセンタイル）", Statistic(Decimal(95)), "API応答時間"),
        ("p95(5分)", Statistic(Decimal(95), FIVE), ""),
        ("5分間p95", Statistic(Decimal(95), FIVE), ""),
        ("5分平均", Statistic(None, FIVE), ""),
        ("直近5分間の平均応答時間", Statistic(None, FIVE), "応答時間"),
        ("avg(5m)", Statistic(None, FIVE), ""),
        ("平均", Statistic(None), ""),
        ("最大", None, "最大"),
        ("CPU使用率", None, "CPU使用率"),
        ("HTTP2", None, "HTTP2"),
    ],
)
def test_a_statistic_is_read_apart_from_what_it_is_of(
    text: str, statistic: Statistic | None, of: str
) -> None:
    assert read_statistic(text) == (statistic, of)


@pytest.mark.parametrize(
    "text",
    [
        "80%以上が5回中3回",
        "80%以上(5回中3回)",
        "直近5回中3回以上 80%以上",
        "80%以上が5回のうち3回",
        ">= 80% for 3 of 5 datapoints",
        "3/5回 >= 80%",
    ],
)
def test_so_many_of_the_last_measurements_are_part_of_the_condition(text: str) -> None:
    limit = read_limit(text)

    assert limit is not None
    assert (limit.tally, str(limit.limit), limit.subject) == (Tally(3, 5), "80%", "")
    assert str(limit.message) == "80%以上（5回中3回）"


@pytest.mark.parametrize("text", ["80%以上が3回中5回", "80%以上が5回中0回"])
def test_more_measurements_than_there_are_is_no_condition(text: str) -> None:
    assert read_limit(text) is None
