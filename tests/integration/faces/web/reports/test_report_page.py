"""The page of the monthly report."""

import re
from datetime import UTC, datetime

import pytest
from django.test import Client
from tests.integration.engine.reports.conftest import LATER, edition_of, number, october, report_on
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.drawn import drawings

from toban.engine.people.models import Operator
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
