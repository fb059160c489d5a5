"""Tables of `toban.toml` whose keys are metrics."""

from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.monitoring.sources.datadog.source import DatadogConfig
from toban.design.values.metric import Metric
from toban.engine.bindings.load import UnreadableBindings, read_bindings


def queries(written: str) -> DatadogConfig:
    text = f"""[[targets.API.sources]]
kind = "datadog"
instance = "shop"
api_key = "env:A"
application_key = "env:B"
queries = {{ {written} }}
"""
    found = read_bindings(text, Path("toban.toml"), schema(sources={"datadog": DatadogConfig}))
    (source,) = found.targets["API"]
    assert isinstance(source.config, DatadogConfig)
    return source.config


@pytest.mark.parametrize("word", ["cpu_usage_percent", "CPU使用率", "cpu usage"])
def test_a_metric_is_recognised_by_its_name_and_by_the_documents_words(word: str) -> None:
    assert queries(f'"{word}" = "avg:cpu"').queries == {Metric.CPU_USAGE: "avg:cpu"}


def test_a_metric_under_two_names_is_refused() -> None:
    with pytest.raises(UnreadableBindings, match="同じものを二つの名で書いています"):
        queries('cpu_usage_percent = "avg:a", "CPU使用率" = "avg:b"')


def test_an_unknown_metric_is_named_with_the_valid_ones() -> None:
    with pytest.raises(UnreadableBindings) as told:
        queries('"CPUの温度" = "avg:a"')

    (finding,) = told.value.findings
    assert (finding.code, finding.origin.line) == ("BD002", 6)
    assert str(finding.message) == "「CPUの温度」という項目はありません"
    assert "'cpu_usage_percent'" in str(finding.hint)
