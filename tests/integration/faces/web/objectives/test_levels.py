"""The service-level page."""

import re
from datetime import date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.drawn import drawings
from tests.registered import PARTS

from toban.chapters.objectives.models import BurnRate, LevelDay
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.section import Section
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition

TOKYO = ZoneInfo("Asia/Tokyo")
DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用目標
| 項目 | 目標値 |
|---|---|
| 稼働率 | 99.9% |
| レスポンスタイム | 平均500ms以内 |
| 同時接続数 | 1000以上 |
## 2. 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| API | レスポンスタイム | 0-300ms | 500ms | 1000ms | 1分 |
"""
AVAILABILITY = "objectives/objective/稼働率"


class Probe(Section):
    pass


@pytest.fixture(autouse=True)
def promises(in_force: Fixed) -> None:
    bindings = '[targets.API]\nsources = [{ kind = "http", url = "http://127.0.0.1:9/" }]\n'
    in_force.edition = Edition(
        read_design(DOCUMENT, "運用設計書.md"),
        read_bindings(bindings, Path("toban.toml"), PARTS.schema),
        PARTS.kinds,
    )


def day(when: date, lost: float = 0.0, covered: float = 86_400.0, planned: float = 0.0) -> None:
    LevelDay.objects.create(
        objective=AVAILABILITY, day=when, covered=covered, amount=covered - lost, planned_covered=planned,
        planned_amount=0.0, measured_by="up API",
    )  # fmt: skip


def row(page: str, name: str) -> list[str]:
    """Return the cells of the first row called *name*, without markup."""
    found = re.search(rf'<tr><th scope="row">{re.escape(name)}</th>(.*?)</tr>', page, re.DOTALL)
    assert found is not None
    cells = re.findall(r"<td[^>]*>(.*?)</td>", found[1], re.DOTALL)
    return [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in cells]


def test_a_month_shows_its_result_with_and_without_maintenance_and_the_known_time(
    viewer: Client,
) -> None:
    for number in range(1, 31):
        day(
            date(2026, 4, number),
            lost={3: 1296.0, 12: 7200.0}.get(number, 0.0),
            planned=7200.0 * (number == 12),
        )

    page = viewer.get("/levels/", {"month": "2026-04"}).content.decode()

    # 30 days allow for 2592 seconds, of which half are used up.
    assert row(page, "2026/4") == [
        "99.949%", "99.672% 計画メンテナンス 2時間", "99.9%", "100.0%", "21分36秒 (50%)",
    ]  # fmt: skip
    assert row(page, "4/3") == ["98.500% ■ 目標に届いていません", "98.500%", "—", "100.0%", "50%"]
    assert row(page, "4/12") == ["100.000%", "91.666%", "2時間", "100.0%", "50%"]


def test_gaps_appear_as_gaps_in_the_figures_and_in_the_chart(viewer: Client) -> None:
    day(date(2026, 4, 1))
    day(date(2026, 4, 3), covered=43_200.0)

    page = viewer.get("/levels/", {"month": "2026-04"}).content.decode()

    assert row(page, "4/2") == ["—", "—", "—", "0.0%", "—"]
    assert row(page, "4/3")[3] == "50.0%"
    assert row(page, "4/3")[0] == "100.000%"
    budget, days, *_response_time = drawings(page)
    gap = days["bars"][-1]
    assert (gap["tone"], gap["values"][:3]) == ("line", [None, 100, 50])
    assert [each["shade"] for each in budget["marks"]][:2] == [1, 0.5]


def test_a_level_of_which_little_is_known_is_not_shown_as_met(viewer: Client) -> None:
    met = '<td data-label="計画メンテナンスを除く" class="conforming">'
    day(date(2026, 4, 1), covered=600.0)

    page = viewer.get("/levels/", {"month": "2026-04"}).content.decode()

    assert row(page, "2026/4")[0] == "100.000%"
    assert met not in page

    for number in range(2, 31):
        day(date(2026, 4, number))
    assert met in viewer.get("/levels/", {"month": "2026-04"}).content.decode()


def test_days_measured_by_another_indicator_are_not_shown(viewer: Client) -> None:
    day(date(2026, 4, 1))
    LevelDay.objects.update(measured_by="up Web")

    page = viewer.get("/levels/", {"month": "2026-04"}).content.decode()

    assert row(page, "4/1")[0] == "—"


def test_the_burn_rate_is_shown_and_marked_by_shape_when_it_is_too_high(viewer: Client) -> None:
    for seconds, long, short in ((3600, 15.0, 20.0), (21_600, 3.0, None)):
        BurnRate.objects.create(
            objective=AVAILABILITY, long_seconds=seconds, long=long, short=short, measured_by="up API",
            counted_at=system_clock(),
        )  # fmt: skip

    page = viewer.get("/levels/").content.decode()

    burns = page[page.index('class="burns"') : page.index("</p>", page.index('class="burns"'))]
    said = " ".join(re.sub(r"<[^>]+>", " ", burns).split())
    assert "■ この1時間 15.0倍 、5分 20.0倍 両方が 14.4 倍以上なら通知" in said
    assert "この6時間 3.0倍 、30分 — 両方が 6 倍以上なら通知" in said


def test_an_unmeasured_objective_says_why(viewer: Client) -> None:
    page = viewer.get("/levels/").content.decode()

    assert "「同時接続数」は測れません" in page


@pytest.mark.parametrize("month", ["", "2026-13", "9999-12", "いつか"])
def test_an_invalid_or_future_month_means_this_month(viewer: Client, month: str) -> None:
    page = viewer.get("/levels/", {"month": month}).content.decode()

    now = system_clock().astimezone(TOKYO)
    assert f'<span class="of">{now:%Y}/{now.month}</span>' in page
    assert 'rel="next"' not in page


def test_a_month_older_than_the_compared_years_can_be_shown(viewer: Client) -> None:
    day(date(2020, 2, 29), lost=8640.0)

    page = viewer.get("/levels/", {"month": "2020-02"}).content.decode()

    assert row(page, "2/29")[0].startswith("90.000%")


def test_today_is_part_of_the_month(viewer: Client) -> None:
    now = system_clock().astimezone(TOKYO)
    midnight = datetime.combine(now.date(), datetime.min.time(), TOKYO)
    day(now.date(), covered=max((now - midnight) / timedelta(seconds=1), 1.0))

    page = viewer.get("/levels/").content.decode()

    assert row(page, "今日")[0] == "100.000%"


def test_the_page_needs_few_queries_whatever_the_number_of_days(viewer: Client) -> None:
    viewer.get("/levels/")
    for number in range(1, 31):
        day(date(2026, 4, number))

    with CaptureQueriesContext(connection) as caught:
        viewer.get("/levels/", {"month": "2026-04"})

    assert len(caught) <= 16


def test_the_page_requires_signing_in() -> None:
    assert Client().get("/levels/").status_code == 302


def test_a_document_without_objectives_says_what_to_write(viewer: Client, in_force: Fixed) -> None:
    in_force.edition = Edition(
        read_design("# 運用設計書\n## 2. 監視\n- あとで書く\n", "運用設計書.md"),
        read_bindings("", Path("toban.toml"), PARTS.schema),
    )

    assert "文書の1章に運用目標の表" in viewer.get("/levels/").content.decode()
