"""The page of the monthly report."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.test import Client
from tests.integration.engine.reports.conftest import (
    DAY,
    LATER,
    START,
    TOKYO,
    alert,
    edition_of,
    number,
    october,
    report_on,
)
from tests.integration.faces.web.conftest import Fixed, Operators
from tests.integration.faces.web.drawn import drawings
from tests.registered import PARTS

from toban.engine.people.models import Operator, OperatorRole
from toban.engine.reports.kept.keeping import keep
from toban.engine.reports.models import KeptReport
from toban.engine.reports.month import month_named
from toban.faces.web.reports import pages

__all__ = ["october"]


@pytest.fixture(autouse=True)
def in_november(in_force: Fixed, monkeypatch: pytest.MonkeyPatch) -> None:
    in_force.edition = edition_of()
    monkeypatch.setattr(pages, "system_clock", lambda: LATER.astimezone(UTC))


def page_of(viewer: Client, address: str = "/reports/2026-10", **more: str) -> str:
    return viewer.get(address, more).content.decode()


def shown(page: str, label: str) -> str:
    """Return the value beside *label*."""
    found = re.search(rf'<th scope="row">{re.escape(label)}</th><td[^>]*><b>(.*?)</b>', page)
    assert found is not None, label
    return found[1]


@pytest.mark.usefixtures("october")
def test_the_page_shows_the_figures_of_the_report(viewer: Client) -> None:
    page = page_of(viewer)

    report = report_on()
    assert shown(page, "アラート") == "3"
    assert shown(page, "障害") == "2"
    assert shown(page, "稼働率 (計画メンテナンスを除く)") == str(report.figures["level-1-unplanned"].value)
    assert "2026-10-31" in page
    assert len(drawings(page)) >= 1


@pytest.mark.usefixtures("october")
def test_its_levels_are_those_of_the_page_of_service_levels(viewer: Client) -> None:
    levels = viewer.get("/levels/", {"month": "2026-10"}).content.decode()

    said = report_on().figures
    for key in ("level-1-unplanned", "level-1-counted"):
        assert str(said[key].value) in levels
    assert str(said["level-1-budget-left"].value) in levels


@pytest.mark.usefixtures("october")
def test_files_are_taken_away_with_and_without_names(viewer: Client) -> None:
    Operator.objects.create_user("hanako", "hanako@example.com")

    whole = viewer.get("/reports/2026-10", {"file": "md"})
    assert whole["Content-Disposition"] == 'attachment; filename="report-2026-10.md"'
    assert "hanako" in whole.content.decode()
    assert "hanako" not in page_of(viewer, names="no", file="md")
    assert "hanako" not in page_of(viewer, names="no", file="json")
    assert "hanako" not in re.sub(r"<header.*?</header>", "", page_of(viewer, names="no"), flags=re.DOTALL)


@pytest.mark.usefixtures("october")
def test_a_pdf_is_taken_away_or_refused_in_words_without_a_font(
    viewer: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert viewer.get("/reports/2026-10", {"file": "pdf"}).content.startswith(b"%PDF-")
    monkeypatch.setenv("TOBAN_FONT", "/nowhere.ttf")

    answer = viewer.get("/reports/2026-10", {"file": "pdf"})

    assert answer.status_code == 503
    assert "/nowhere.ttf" in answer.content.decode()


@pytest.mark.usefixtures("october")
def test_a_month_to_come_is_refused_in_words(viewer: Client) -> None:
    answer = viewer.get("/reports/2026-12")

    assert answer.status_code == 404
    assert "2026-12 はまだ始まっていません" in answer.content.decode()


@pytest.mark.usefixtures("october")
def test_the_list_goes_back_to_where_evidence_begins(viewer: Client) -> None:
    found = re.findall(r'href="/reports/([\d-]+)"', page_of(viewer, "/reports/"))

    assert found == ["2026-11", "2026-10", "2026-09"]


@pytest.mark.usefixtures("october")
def test_it_is_read_in_english(viewer: Client) -> None:
    page = viewer.get("/reports/2026-10", headers={"Accept-Language": "en"}).content.decode()

    assert "Monthly operations report" in page
    assert datetime(2026, 10, 1, tzinfo=UTC).strftime("%Y-%m") in page
    assert number(report_on(), "alerts-opened") == 3


@pytest.fixture
def developer(operator: Operators) -> Client:
    """A browser with somebody who may give orders."""
    client = Client()
    client.force_login(operator("devi", OperatorRole.DEVELOPER))
    return client


@pytest.fixture
def kept(october: None) -> KeptReport:
    return keep(month_named("2026-10", TOKYO, LATER), None, edition_of(), PARTS, LATER)


@pytest.mark.usefixtures("october")
def test_a_kept_month_is_shown_as_it_was_kept_without_being_made_again(
    viewer: Client, kept: KeptReport, monkeypatch: pytest.MonkeyPatch
) -> None:
    alert(START + DAY)

    def made(*_: object) -> None:
        raise AssertionError("made again")

    assert shown(page_of(viewer, anew="yes"), "アラート") == "4"
    monkeypatch.setattr(pages, "make", made)

    page = page_of(viewer)
    assert shown(page, "アラート") == "3"
    assert kept.digest[:12] in page


@pytest.mark.usefixtures("october", "kept")
def test_both_editions_stay_readable_and_the_second_lists_its_differences(viewer: Client) -> None:
    alert(START + DAY)
    keep(month_named("2026-10", TOKYO, LATER + DAY), None, edition_of(), PARTS, LATER + DAY)

    second, first = page_of(viewer), page_of(viewer, edition="1")

    assert "訂正: 第1版との違い" in second
    assert shown(second, "アラート") == "4"
    assert shown(first, "アラート") == "3"
    assert "訂正: 第1版との違い" not in first
    assert re.findall(r"\?edition=(\d)", page_of(viewer, "/reports/")) == ["1", "2"]
    assert viewer.get("/reports/2026-10", {"edition": "3"}).status_code == 404
    assert viewer.get("/reports/2026-10", {"edition": "９"}).status_code == 404


@pytest.mark.usefixtures("october", "kept")
def test_a_remark_is_written_and_withdrawn_on_the_page(developer: Client, viewer: Client) -> None:
    told = {"act": "remark", "part": "alerts", "text": "予告した<b>停止</b>による"}

    assert developer.post("/reports/2026-10", told).status_code == 302

    page = page_of(developer)
    assert "予告した&lt;b&gt;停止&lt;/b&gt;による" in page
    number = re.search(r'name="remark" value="(\d+)"', page)
    assert number is not None
    assert 'name="text"' not in page_of(viewer)
    assert "予告した" in page_of(viewer, file="md")
    developer.post("/reports/2026-10", {"act": "withdraw", "remark": number[1]})
    assert "予告した" not in page_of(viewer)


@pytest.mark.usefixtures("october")
def test_the_report_is_kept_on_the_page_by_who_may_order(developer: Client, viewer: Client) -> None:
    assert 'value="keep"' not in page_of(viewer)
    assert viewer.post("/reports/2026-10", {"act": "keep"}).status_code == 409
    assert not KeptReport.objects.exists()
    assert 'value="keep"' in page_of(developer)

    developer.post("/reports/2026-10", {"act": "keep"})

    assert KeptReport.objects.get().edition == 1
    refused = developer.post("/reports/2026-10", {"act": "keep"})
    assert refused.status_code == 409
    assert "すべての値が同じです" in refused.content.decode()
    assert developer.post("/reports/2026-10", {"act": "burn"}).status_code == 400


@pytest.mark.usefixtures("october", "kept")
def test_a_report_that_was_changed_in_the_database_is_refused(viewer: Client) -> None:
    KeptReport.objects.update(digest="0" * 64)

    answer = viewer.get("/reports/2026-10")

    assert answer.status_code == 404
    assert "書き換えられています" in answer.content.decode()


@pytest.mark.usefixtures("october")
def test_the_logo_stands_on_the_page_and_is_nothing_but_a_picture(
    viewer: Client, in_force: Fixed, tmp_path: Path
) -> None:
    assert viewer.get("/reports/logo").status_code == 404
    file = tmp_path / "logo.svg"
    file.write_text('<svg xmlns="http://www.w3.org/2000/svg"><script>1</script></svg>')
    in_force.edition = edition_of(bindings=f'[reports]\nlogo = "{file}"\n')

    answer = viewer.get("/reports/logo")

    assert answer["Content-Type"] == "image/svg+xml"
    assert "sandbox" in answer["Content-Security-Policy"]
    assert "script-src" not in answer["Content-Security-Policy"]
    assert 'src="/reports/logo"' in page_of(viewer)
    file.write_text("<html>")
    assert viewer.get("/reports/logo").status_code == 404
    assert "PNG・SVG ではありません" in page_of(viewer)
    assert "一辺 3000 ピクセルまで" in page_of(viewer)
