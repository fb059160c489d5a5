"""The wording of values and reasons."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.monitoring.limits import MetricLimit, MonitorLimits, NormalRange
from toban.chapters.monitoring.rules import ConditionReason, InstanceWatch
from toban.chapters.monitoring.wording import figure, reason_words, value_words
from toban.design.values.metric import Metric
from toban.design.values.threshold import Comparison
from toban.engine.notify.signal import Condition
from toban.message import Message, plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
CPU = MonitorLimits(
    Metric.CPU_USAGE,
    NormalRange(0, 60, plain("0-60%")),
    MetricLimit(70, Comparison.AT_LEAST, timedelta(0), plain("70%以上")),
    MetricLimit(85, Comparison.AT_LEAST, timedelta(minutes=5), plain("85%以上が5分継続")),
    timedelta(minutes=1),
)
WARNING = InstanceWatch(
    "web-1", Condition.WARNING, NOON, ConditionReason.REACHED, value=75.0, measured_at=NOON
)


UNREACHABLE = Message("monitoring.at-place", place="web-1", said=Message("monitoring.not-connected"))


@pytest.mark.parametrize(
    ("metric", "value", "words"),
    [
        (Metric.CPU_USAGE, 42.06, "42.1%"),
        (Metric.CPU_USAGE, 100.0, "100%"),
        (Metric.ERROR_RATE, 0.052, "0.05%"),
        (Metric.ERROR_RATE, 0.0, "0%"),
        (Metric.AVAILABILITY, 99.95, "99.95%"),
        (Metric.RESPONSE_TIME, 312.4, "312ms"),
        (Metric.RESPONSE_TIME, 4.84, "4.8ms"),
        (Metric.CONNECTIONS, 37.0, "37"),
        (Metric.CONNECTIONS, 100.0, "100"),
        (Metric.REPLICATION_LAG, 1.5, "1.5秒"),
        (Metric.UP, 1.0, "応答あり"),
        (Metric.UP, 0.0, "応答なし"),
    ],
)
def test_a_value_is_written_with_its_unit_and_no_superfluous_digits(
    metric: Metric, value: float, words: str
) -> None:
    assert str(figure(metric, value)) == words


def test_the_instance_is_named_if_there_are_several_and_the_note_always() -> None:
    noted = replace(WARNING, note=Message("network.no-answer-in-time", seconds=5.0))

    assert str(value_words(WARNING, CPU, names_instance=False)) == "75%"
    assert str(value_words(noted, CPU, names_instance=False)) == "75%（5秒以内に応答がありません）"
    assert str(value_words(noted, CPU, names_instance=True)) == "75%（web-1、5秒以内に応答がありません）"
    assert (
        value_words(noted, CPU, names_instance=True).in_language("en")
        == "75% (web-1, no response within 5 s)"
    )


@pytest.mark.parametrize(
    ("watch", "words"),
    [
        (InstanceWatch("web-1", None, NOON), "最初の測定を待っています"),
        (
            replace(WARNING, condition=Condition.OK, reason=ConditionReason.NORMAL),
            "正常範囲（0-60%）にあります",
        ),
        (
            replace(WARNING, condition=Condition.OK, reason=ConditionReason.BETWEEN),
            "正常範囲（0-60%）を外れていますが、警告にも異常にも達していません",
        ),
        (
            replace(WARNING, condition=Condition.OK, reason=ConditionReason.HOLDING, critical_since=NOON),
            "しきい値に達しています。「85%以上が5分継続」の条件を満たすのを待っています",
        ),
        (WARNING, "警告 70%以上に達しています"),
        (
            replace(WARNING, reason=ConditionReason.NOT_YET_NORMAL),
            "警告 70%以上ではなくなりましたが、正常範囲（0-60%）に戻っていません",
        ),
        (
            replace(WARNING, reason=ConditionReason.RECOVERING, calm=2),
            "改善しました。継続するか確認しています（2/3回）",
        ),
        (
            InstanceWatch("web-1", Condition.NO_DATA, NOON, ConditionReason.SILENT, note=UNREACHABLE),
            "測定できません: web-1: 接続できないか、途中で切れました",
        ),
    ],
)
def test_every_reason_reads_as_a_sentence(watch: InstanceWatch, words: str) -> None:
    assert str(reason_words(watch, CPU)) == words


def test_reasons_and_values_read_naturally_in_english() -> None:
    holding = replace(WARNING, condition=Condition.OK, reason=ConditionReason.HOLDING, critical_since=NOON)
    starting = replace(holding, reason=ConditionReason.STARTING)
    silent = InstanceWatch("web-1", Condition.NO_DATA, NOON, ConditionReason.SILENT, note=UNREACHABLE)
    recovering = replace(WARNING, reason=ConditionReason.RECOVERING, calm=2)

    watches = (WARNING, holding, starting, recovering, silent)
    assert [reason_words(each, CPU).in_language("en") for each in watches] == [
        "Reached warning 70%以上",
        "Threshold reached; waiting until it meets “85%以上が5分継続”",
        "Threshold reached, but the load of Toban's own start is not reported",
        "Improved; confirming that it lasts (2 of 3 readings)",
        "Can't be measured: web-1: can't connect, or the connection broke off",
    ]
    figures = [
        (Metric.UP, 0.0),
        (Metric.CERTIFICATE_LIFETIME, 12.34),
        (Metric.LOG_COUNT, 1.0),
        (Metric.LOG_COUNT, 7),
    ]
    assert [figure(*each).in_language("en") for each in figures] == [
        "no response",
        "12.3 d",
        "1 line",
        "7 lines",
    ]
