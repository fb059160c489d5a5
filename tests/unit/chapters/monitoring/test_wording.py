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

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
CPU = MonitorLimits(
    Metric.CPU_USAGE,
    NormalRange(0, 60, "0-60%"),
    MetricLimit(70, Comparison.AT_LEAST, timedelta(0), "70%以上"),
    MetricLimit(85, Comparison.AT_LEAST, timedelta(minutes=5), "85%以上が5分継続"),
    timedelta(minutes=1),
)
WARNING = InstanceWatch(
    "web-1", Condition.WARNING, NOON, ConditionReason.REACHED, value=75.0, measured_at=NOON
)


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
    assert figure(metric, value) == words


def test_the_instance_is_named_if_there_are_several_and_the_note_always() -> None:
    noted = replace(WARNING, note="HTTP 503")

    assert value_words(WARNING, CPU, names_instance=False) == "75%"
    assert value_words(noted, CPU, names_instance=False) == "75%（HTTP 503）"
    assert value_words(noted, CPU, names_instance=True) == "75%（web-1、HTTP 503）"


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
            InstanceWatch(
                "web-1", Condition.NO_DATA, NOON, ConditionReason.SILENT, note="web-1: 接続できません"
            ),
            "測定できません: web-1: 接続できません",
        ),
    ],
)
def test_every_reason_reads_as_a_sentence(watch: InstanceWatch, words: str) -> None:
    assert reason_words(watch, CPU) == words
