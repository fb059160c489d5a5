"""The page of chapter 9: ranked resources, a chart with its forecast, groups, replays, orders, a proposal."""

import json
import re
from datetime import datetime
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.integration.chapters.capacity.conftest import place
from tests.integration.chapters.capacity.place import (
    BINDINGS,
    DAY,
    DOCUMENT,
    GB,
    MINUTE,
    WEB,
    Place,
)
from tests.integration.faces.web.conftest import Fixed, SignIn

from toban.chapters.capacity import outlooks
from toban.chapters.capacity.usage import UsageAt
from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole
from toban.engine.runs.models import Run
from toban.engine.telemetry import present
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import StoreUnavailable
from toban.faces.document.address import evidence_address

__all__ = ["place"]

DB = "DBストレージ"
JAPANESE = re.compile(r"[ぁ-んァ-ヶー一-龠]+")
FRAGMENT = {"HX-Request": "true"}


@pytest.fixture
def began() -> datetime:
    return system_clock()


@pytest.fixture(autouse=True)
def shown(place: Place, in_force: Fixed, settings: Any, store: Any) -> Any:
    settings.TELEMETRY_URL = store.telemetry_url
    present.telemetry.cache_clear()
    in_force.edition = place.edition
    yield
    present.telemetry.cache_clear()


@pytest.fixture
def developer(sign_in: SignIn) -> Client:
    return sign_in(OperatorRole.DEVELOPER)


def page(client: Client, path: str, status: int = 200, **more: Any) -> str:
    answer = client.get(path, **more)
    assert answer.status_code == status, answer.content.decode()[-2000:]
    return unescape(answer.content.decode())


def grown(place: Place) -> None:
    """Measure a storage that has grown by 1 GB a day for 60 days, and forecast it."""
    noon = place.now.replace(hour=3, minute=0, second=0)
    place.gauges[DB].past = [UsageAt(noon - (60 - day) * DAY, (60 + day) * GB) for day in range(60)]
    place.measure()
    outlooks.look(place.plan, place.telemetry, place.now)


def drawing(shown: str) -> dict[str, Any]:
    (found,) = re.findall(r'<script type="application/json">(.*?)</script>', shown)
    drawn = json.loads(found)
    assert isinstance(drawn, dict)
    return drawn


def test_the_list_is_ranked_and_each_bar_has_the_mark_of_its_row(place: Place, viewer: Client) -> None:
    place.gauges["Webサーバー台数"].used = 8
    grown(place)

    shown = page(viewer, "/capacity/")

    assert shown.index("<b>Webサーバー台数</b>") < shown.index(f"<b>{DB}</b>")
    assert 'class="used reached" x="0" y="1" width="80.0"' in shown
    assert 'class="used" x="0" y="1" width="24.0"' in shown
    assert shown.count('x1="70.0" x2="70.0"') == 2
    assert "120 GB / 500 GB" in shown
    assert "台数を変える</summary>" not in shown


def test_an_empty_page_says_how_to_fill_it(place: Place, viewer: Client, in_force: Fixed) -> None:
    in_force.edition = place.take(bindings="").edition

    assert "[resources.リソース名]" in page(viewer, "/capacity/")


def test_a_resource_is_drawn_with_its_past_its_forecast_and_its_limits(place: Place, viewer: Client) -> None:
    grown(place)

    shown = page(viewer, "/capacity/resource/", data={"resource": DB}, headers=FRAGMENT)

    drawn = drawing(shown)
    measured, forecast = drawn["lines"]
    assert drawn["unit"] == " GB"
    assert [each for each in measured["values"] if each is not None] == [float(60 + day) for day in range(60)]
    first = next(each for each in forecast["values"] if each is not None)
    assert first == pytest.approx(120, abs=1)
    assert max(each for each in forecast["values"] if each is not None) > 350
    assert [each["value"] for each in drawn["limits"]] == [350.0, 500.0]
    assert len(drawn["times"]) == len(measured["values"]) == len(forecast["highs"])
    assert "過去での誤差" in shown
    assert "<html" not in shown


def test_what_if_is_drawn_beside_the_forecast_and_says_the_days(place: Place, viewer: Client) -> None:
    grown(place)
    asked = {"resource": DB, "add": "200GB", "on": f"{place.now:%Y-%m-%d}"}

    shown = page(viewer, "/capacity/resource/", data=asked)

    assert len(drawing(shown)["lines"]) == 3
    assert "その場合、70% に達する日" in shown
    assert 'name="add" value="200GB"' in shown
    assert "<html" in shown


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"resource": DB, "add": "two"}, "200GB"),
        ({"resource": DB, "on": "soon", "load": "5%"}, "2026-12-01"),
        ({"resource": "nowhere"}, DB),
        ({"resource": "Webサーバー台数", "add": "1"}, "予測がない"),
    ],
)
def test_what_can_not_be_answered_says_so(
    place: Place, viewer: Client, asked: dict[str, str], said: str
) -> None:
    grown(place)

    assert said in page(viewer, "/capacity/resource/", 409, data=asked)


@pytest.mark.parametrize(("days", "is_drawn"), [(0, False), (1, False), (2, True)])
def test_where_the_chart_will_be_it_is_said_from_when_on(
    place: Place, viewer: Client, days: int, is_drawn: bool
) -> None:
    # Of the system's own day, whatever the machine's: else a day without a value might lie between.
    noon = place.now.astimezone(place.plan.system.zone).replace(hour=12, minute=0, second=0)
    place.gauges[DB].past = [UsageAt(noon - (day + 1) * DAY, 120 * GB) for day in reversed(range(days))]
    place.measure()
    outlooks.look(place.plan, place.telemetry, place.now)

    shown = page(viewer, "/capacity/resource/", data={"resource": DB})

    assert ("グラフは、二日分を測ると表示します。" in shown) is not is_drawn
    assert ('<figure class="chart' in shown) is is_drawn
    # When there will be a forecast is said beside it.
    assert re.search(r"予測できない \(.*\d{4}", shown)


def test_without_the_store_nobody_says_that_nothing_was_measured(
    place: Place, viewer: Client, settings: Any
) -> None:
    settings.TELEMETRY_URL = ""
    present.telemetry.cache_clear()

    shown = page(viewer, "/capacity/resource/", data={"resource": DB})

    assert "測定値の置き場に問い合わせできない" in shown
    assert "二日分" not in shown


def test_without_the_store_there_is_the_forecast_alone(place: Place, viewer: Client, settings: Any) -> None:
    grown(place)
    settings.TELEMETRY_URL = ""
    present.telemetry.cache_clear()

    shown = page(viewer, "/capacity/resource/", data={"resource": DB})

    assert "測定値の置き場に問い合わせできない" in shown
    assert len(drawing(shown)["lines"]) == 2
    with pytest.raises(StoreUnavailable):
        present.telemetry()
    assert "測定値の置き場に問い合わせできない" in page(viewer, "/capacity/replay/", 503, data={"group": WEB})


def test_a_group_says_its_mode_and_its_last_decision(place: Place, viewer: Client) -> None:
    place.load(*[30.0] * 32)
    place.look()

    shown = page(viewer, "/capacity/")

    assert "試行 (シャドー)</a>" in shown
    assert "条件は成り立っていない: 平均 30.0%、しきい値 70%" in shown
    assert "/modes/#schedule/scale/Web" in shown


def test_a_rule_is_replayed_on_demand(place: Place, viewer: Client, in_force: Fixed) -> None:
    bindings = BINDINGS.replace('resource = "Webサーバー台数"', 'most = 10\nprice = "¥6,000"')
    in_force.edition = place.take(bindings).edition
    end = place.now.replace(second=0, microsecond=0) - MINUTE
    place.add([Sample(Metric.CPU_USAGE, WEB, "web-1", end - n * MINUTE, 90.0) for n in range(45)])

    shown = page(viewer, "/capacity/replay/", data={"group": WEB, "days": "30"}, headers=FRAGMENT)

    assert "分で 1回、2 台から 3 台に増やしていた: 最大で +¥" in shown
    assert "計算に入れず" in shown
    assert WEB in page(viewer, "/capacity/replay/", 409, data={"group": "nowhere"})


def order(client: Client, **typed: str) -> Any:
    wanted = {"group": WEB, "to": "4", "reason": "セール", "sure": WEB, **typed}
    return client.post("/capacity/", wanted)


def test_who_may_order_scales_a_group_with_a_reason(place: Place, developer: Client) -> None:
    assert "台数を変える</summary>" in page(developer, "/capacity/")

    answer = order(developer)

    run = Run.objects.get()
    assert (answer.status_code, answer["Location"]) == (302, f"/runs/{run.pk}")
    assert run.parameters == {"to": "4", "reason": "セール"}
    place.now = system_clock()
    place.work()
    assert place.herd.serving == 4


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ({"sure": "web"}, "確認のため"),
        ({"reason": " "}, "理由がありません"),
        ({"to": "11"}, "上限は 10 台"),
        ({"to": "many"}, "1 以上"),
        ({"to": "0"}, "1 以上"),
        ({"group": "nowhere"}, WEB),
        ({"reason": "-rf"}, "reason"),
    ],
)
def test_an_order_that_is_not_sure_or_not_allowed_does_nothing(
    developer: Client, typed: dict[str, str], said: str
) -> None:
    answer = order(developer, **typed)

    assert answer.status_code == 409
    assert said in unescape(answer.content.decode())
    assert not Run.objects.exists()


def test_a_viewer_orders_nothing(viewer: Client) -> None:
    assert order(viewer).status_code == 403
    assert not Run.objects.exists()


def test_the_proposal_is_a_diff_with_its_command(
    place: Place, viewer: Client, in_force: Fixed, tmp_path: Path
) -> None:
    path = tmp_path / "運用設計書.md"
    path.write_text(DOCUMENT)
    assert in_force.edition is not None
    place.gauges[DB].limit = 400 * GB
    place.measure()
    bindings, kinds = in_force.edition.bindings, in_force.edition.kinds
    in_force.edition = type(in_force.edition)(read_design(DOCUMENT, str(path)), bindings, kinds)

    shown = page(viewer, "/capacity/patch/")

    assert '<span class="minus">-| DBストレージ | 100GB | 500GB | 20% | 使用率70%到達時 |</span>' in shown
    assert '<span class="plus">+| DBストレージ | 120GB | 500GB | 24% | 使用率70%到達時 |</span>' in shown
    assert "toban capacity patch --apply" in shown
    assert "500GB → 400GB" in shown
    assert path.read_text() == DOCUMENT
    path.unlink()
    assert "ありません" in page(viewer, "/capacity/patch/", headers=FRAGMENT)


def test_the_page_takes_few_queries_however_many_groups_there_are(
    place: Place, viewer: Client, in_force: Fixed
) -> None:
    page(viewer, "/capacity/")
    with CaptureQueriesContext(connection) as one:
        page(viewer, "/capacity/")
    more = '[scaling."APIサーバー"]\nkind = "test"\nmost = 3\n'
    in_force.edition = place.take(BINDINGS + more).edition
    page(viewer, "/capacity/")
    with CaptureQueriesContext(connection) as two:
        page(viewer, "/capacity/")

    assert len(two) == len(one)


def test_the_pages_are_english_where_english_is_wished(place: Place, developer: Client) -> None:
    grown(place)
    for path in ("/capacity/", f"/capacity/resource/?resource={DB}&add=1GB"):
        shown = page(developer, path, headers={"Accept-Language": "en"})
        main = shown[shown.index("<main") : shown.index("</main>")]
        own = re.sub(r"<table class=\"found.*?</table>|<title>.*?</title>", "", main, flags=re.DOTALL)
        assert {*JAPANESE.findall(re.sub(rf"{DB}|{WEB}|台数|<[^>]*>", "", own))} == set()


def test_a_row_leads_to_its_resource(viewer: Client) -> None:
    assert f'href="/capacity/?{urlencode({"resource": DB})}"' in page(viewer, "/")


def test_the_evidence_of_a_rule_shows_its_last_decision_and_its_runs(place: Place, viewer: Client) -> None:
    place.load(*[85.0] * 32)
    place.look()
    place.work()

    shown = page(viewer, evidence_address(place.row("CPU使用率70%が30分継続")))

    assert "条件が成り立った: 平均 85.0%、しきい値 70%" in shown
    assert f'<a href="/runs/{place.runs()[0].pk}">' in shown
