from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.objectives import openslo
from toban.chapters.objectives.sli import LevelPlan, plan
from toban.design.reader import Design, read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.section import Section

DOCUMENT = """# 運用設計書

## 1. 運用方針

### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% (年間ダウンタイム8.76時間以内) |
| レスポンスタイム | 平均500ms以内 |
| エラー率 | 0.1%以下 |
| 同時接続数 | 1000以上 |

## 2. 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| DB | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
| 管理画面 | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
"""
API = '[targets.API]\nsources = [{ kind = "probe" }]\n'
BOTH = API + '[targets."管理画面"]\nsources = [{ kind = "probe" }]\n'
AVAILABILITY = "objectives/objective/稼働率"


class Probe(Section):
    pass


def design() -> Design:
    return read_design(DOCUMENT, "運用設計書.md")


def planned(bindings: str) -> LevelPlan:
    return plan(design(), read_bindings(bindings, Path("toban.toml"), schema(sources={"probe": Probe})))


def test_the_service_with_a_monitored_response_time_measures_all_objectives() -> None:
    found = planned(API)

    assert [(sli.objective.name, sli.metric, sli.target, sli.limit) for sli in found.slis] == [
        ("稼働率", Metric.UP, "API", 99.9),
        ("レスポンスタイム", Metric.RESPONSE_TIME, "API", 500),
        ("エラー率", Metric.ERROR_RATE, "API", 0.1),
    ]


def test_an_objective_that_nothing_can_measure_is_not_called_unbound() -> None:
    found = planned(API)

    assert any("は測れません: 測れるのは" in str(why) for why in found.unmeasured.values())
    assert found.unbound == {}


def test_without_a_bound_service_a_hint_is_given() -> None:
    assert '[objectives."稼働率"] target = "…"' in str(planned("").unbound[AVAILABILITY])


def test_between_two_services_the_bindings_must_choose() -> None:
    assert "API、管理画面 のどれで測るか" in str(planned(BOTH).unbound[AVAILABILITY])
    chosen = planned(BOTH + '[objectives."稼働率"]\ntarget = "管理画面"\ninstance = "admin-1"\n')
    (sli,) = [each for each in chosen.slis if each.objective.id == AVAILABILITY]
    assert (sli.target, sli.indicator.instance, sli.measured_by) == (
        "管理画面",
        "admin-1",
        "up 管理画面 admin-1",
    )


def test_the_bindings_say_how_much_of_the_time_must_be_known() -> None:
    section = '[objectives."稼働率"]\ntarget = "API"\n'

    needed = [planned(API + section + written).slis[0].needed for written in ("", 'known = "80%"\n')]

    assert needed == [0.95, 0.8]


@pytest.mark.parametrize("written", ["0.95", "95", '"0%"', '"101%"', '"most"'])
def test_a_share_is_written_in_percent(written: str) -> None:
    with pytest.raises(UnreadableBindings) as refused:
        planned(API + f'[objectives."稼働率"]\ntarget = "API"\nknown = {written}\n')

    assert '割合は "95%" のように' in str(refused.value)


def test_a_target_that_is_not_bound_is_named() -> None:
    unbound = planned(API + '[objectives."稼働率"]\ntarget = "窓口"\n').unbound

    assert str(unbound[AVAILABILITY]) == 'toban.toml に [targets."窓口"] がありません'


def test_openslo_has_a_service_and_an_slo_for_each_ratio_objective() -> None:
    service, *slos = openslo.documents(planned(API).slis, "南風商店", "Asia/Tokyo")

    assert service["kind"] == "Service"
    assert [slo["spec"]["objectives"][0]["target"] for slo in slos] == [0.999, 0.999]  # type: ignore[index]
    assert slos[0]["metadata"] == {"name": "objective-1", "displayName": "稼働率"}


@pytest.mark.parametrize(("written", "limit"), [("2秒以内", 2000), ("0.5秒以内", 500), ("500ms以内", 500)])
def test_a_response_time_is_compared_in_milliseconds(written: str, limit: float) -> None:
    document = DOCUMENT.replace("平均500ms以内", written)

    found = plan(
        read_design(document, "運用設計書.md"),
        read_bindings(API, Path("toban.toml"), schema(sources={"probe": Probe})),
    )

    assert [sli.limit for sli in found.slis if sli.metric is Metric.RESPONSE_TIME] == [limit]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("p95 500ms以内", "objectives.percentile-of-a-month"),
        ("95パーセンタイルで500ms以内", "objectives.percentile-of-a-month"),
        ("1日以内", "objectives.unit-does-not-fit"),
    ],
)
def test_what_is_not_what_is_measured_is_not_judged_by_it(written: str, code: str) -> None:
    document = DOCUMENT.replace("平均500ms以内", written)

    found = plan(
        read_design(document, "運用設計書.md"),
        read_bindings(API, Path("toban.toml"), schema(sources={"probe": Probe})),
    )

    assert [why.code for why in found.unmeasured.values() if "not-measurable" not in why.code] == [code]
    assert all(sli.metric is not Metric.RESPONSE_TIME for sli in found.slis)


def test_a_target_with_its_bad_side_is_asked_about_and_nothing_is_judged_by_it() -> None:
    design = read_design(DOCUMENT.replace("平均500ms以内", "500ms以上"), "運用設計書.md")

    found = plan(design, read_bindings(API, Path("toban.toml"), schema(sources={"probe": Probe})))

    assert [str(each.reason.code) for each in design.unread] == ["design.level-is-no-item"]
    assert all(sli.metric is not Metric.RESPONSE_TIME for sli in found.slis)
