"""The export, read with models of the OpenSLO v1 specification and its Go SDK's validation."""

from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel, ConfigDict, Field
from tests.registered import schema

from toban.chapters.objectives.openslo import documents
from toban.chapters.objectives.sli import plan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.section import Section

# RFC 1123, like the SDK's StringDNSLabel.
type Name = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]*[a-z0-9])?$", max_length=63)]
type Text = Annotated[str, Field(max_length=1050)]


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Part):
    name: Name
    displayName: Annotated[str, Field(max_length=63)] = ""  # noqa: N815 - the specification's own


class Source(Part):
    type: Annotated[str, Field(min_length=1)]
    spec: dict[str, str]


class Metric(Part):
    metricSource: Source  # noqa: N815


class Ratio(Part):
    counter: bool
    rawType: Literal["success", "failure"]  # noqa: N815
    raw: Metric


class IndicatorSpec(Part):
    ratioMetric: Ratio  # noqa: N815


class Indicator(Part):
    metadata: Metadata
    spec: IndicatorSpec


class Calendar(Part):
    startTime: Annotated[str, Field(pattern=r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")]  # noqa: N815
    timeZone: str  # noqa: N815


class Window(Part):
    duration: Annotated[str, Field(pattern=r"^[1-9]\d*[mhdwMQY]$")]
    isRolling: Literal[False]  # noqa: N815
    calendar: Calendar


class Target(Part):
    target: Annotated[float, Field(ge=0, lt=1)]
    timeSliceWindow: Annotated[str, Field(pattern=r"^[1-9]\d*[mhdwMQY]$")]  # noqa: N815


class SloSpec(Part):
    description: Text
    service: Name
    indicator: Indicator
    timeWindow: Annotated[list[Window], Field(min_length=1, max_length=1)]  # noqa: N815
    budgetingMethod: Literal["RatioTimeslices"]  # noqa: N815
    objectives: Annotated[list[Target], Field(min_length=1)]


class Slo(Part):
    apiVersion: Literal["openslo/v1"]  # noqa: N815
    kind: Literal["SLO"]
    metadata: Metadata
    spec: SloSpec


class ServiceSpec(Part):
    description: Text


class Service(Part):
    apiVersion: Literal["openslo/v1"]  # noqa: N815
    kind: Literal["Service"]
    metadata: Metadata
    spec: ServiceSpec


class Probe(Section):
    pass


def exported(name: str = "稼働率", system: str = "南風商店") -> list[dict[str, object]]:
    read = read_design(
        f"""# 運用設計書

## 1. 運用方針

### 運用目標
| 項目 | 目標値 |
|---|---|
| {name} | 99.9% |
| レスポンスタイム | 平均500ms以内 |
| エラー率 | 0.1%以下 |

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
""",
        "運用設計書.md",
    )
    bound = read_bindings(
        '[targets.API]\nsources = [{ kind = "probe" }]\n', Path("t"), schema(sources={"probe": Probe})
    )
    return documents(plan(read, bound).slis, system, "Asia/Tokyo")


def test_the_export_has_a_service_and_an_slo_for_each_promised_ratio() -> None:
    service, availability, errors = exported()

    assert Service.model_validate(service).metadata.displayName == "南風商店"
    first, second = Slo.model_validate(availability), Slo.model_validate(errors)
    assert [each.spec.objectives[0].target for each in (first, second)] == [0.999, 0.999]
    assert [each.spec.indicator.spec.ratioMetric.rawType for each in (first, second)] == [
        "success",
        "failure",
    ]
    assert first.metadata.name != second.metadata.name
    assert first.spec.service == Service.model_validate(service).metadata.name
    assert first.spec.indicator.spec.ratioMetric.raw.metricSource.spec["target"] == "API"


def test_the_month_begins_in_the_documents_zone() -> None:
    calendar = Slo.model_validate(exported()[1]).spec.timeWindow[0].calendar

    begin = datetime.fromisoformat(calendar.startTime).replace(tzinfo=ZoneInfo(calendar.timeZone))
    assert (begin.day, begin.hour, begin.minute) == (1, 0, 0)


@pytest.mark.parametrize("system", ["", "店" * 2000])
def test_names_and_texts_too_long_for_the_specification_are_cut(system: str) -> None:
    service, *slos = exported("稼働率 " + "長い名前の" * 300, system)

    assert Service.model_validate(service).metadata.displayName
    assert [Slo.model_validate(each) for each in slos]
