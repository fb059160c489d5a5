"""Costs in the monthly report: the figures of bills, known as they are."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest
from tests.integration.chapters.cost.place import BINDINGS, Place, days, row
from tests.integration.engine.reports.conftest import judged
from tests.integration.faces.cli.reports.test_workbook import calculated, formulas, opened
from tests.registered import PARTS

from toban.engine.evidence.verdict import Verdict
from toban.engine.reports.month import month_named
from toban.engine.reports.monthly import MonthlyReport, make

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
OCTOBER = datetime(2026, 10, 1, tzinfo=TOKYO)


def report_of(place: Place) -> MonthlyReport:
    judged("x", Verdict.CONFORMING, OCTOBER)
    return make(place.edition, PARTS, month_named("2026-10", TOKYO, place.now))


def test_each_budget_says_what_the_bills_say_of_that_month(place: Place) -> None:
    place.until(date(2026, 11, 18), date(2026, 9, 1))

    report = report_of(place)

    figures = report.figures
    assert figures["cost-1-spent"].number == pytest.approx(31 * 11_500.5)
    assert str(figures["cost-2-spent"].value) == "¥186,000"
    assert str(figures["cost-2-share"].value) == "93.0%"
    assert figures["cost-2-spent"].is_kept is True
    assert str(figures["cost-2-spent"].target) == "¥200,000"
    assert figures["cost-other"].number == pytest.approx(31 * 500.5)
    items = [figures[f"cost-{number}-spent"].number or 0 for number in (2, 3, 4)]
    assert sum(items) + (figures["cost-other"].number or 0) == pytest.approx(figures["cost-1-spent"].number)


def test_a_budget_that_was_overspent_was_not_kept(place: Place) -> None:
    place.bill([*days(date(2026, 10, 1), date(2026, 11, 18)),
                row(date(2026, 10, 9), "Amazon Elastic Compute Cloud", "20000")])  # fmt: skip
    place.pass_()

    figure = report_of(place).figures["cost-2-spent"]

    assert figure.number == 206_000
    assert figure.is_kept is False


def test_while_bills_are_not_whole_no_budget_counts_as_kept(place: Place) -> None:
    place.until(date(2026, 10, 20))

    report = report_of(place)

    assert report.figures["cost-2-spent"].is_kept is None
    cost = next(each for each in report.sections if each.part.value == "cost")
    assert any("2026-10-19" in str(note) for note in cost.notes)


def test_of_a_month_that_no_bill_has_come_to_it_is_not_said_that_nothing_was_spent(place: Place) -> None:
    place.until(date(2026, 9, 20), date(2026, 9, 1))

    report = report_of(place)

    assert not [key for key in report.figures if key.startswith("cost")]
    cost = next(each for each in report.sections if each.part.value == "cost")
    assert "cost.bill-old" in [note.code for note in cost.notes]


def test_without_bills_nothing_is_said_of_costs(place: Place) -> None:
    place.take(bindings="\n".join(BINDINGS.splitlines()[5:]))

    assert not [key for key in report_of(place).figures if key.startswith("cost")]


def test_the_cells_of_the_workbook_add_up_the_same(place: Place) -> None:
    place.until(date(2026, 11, 18), date(2026, 9, 1))
    report = report_of(place)
    book = opened(report)
    found = formulas(book)

    for key in ("cost-1-spent", "cost-2-spent", "cost-2-share", "cost-other"):
        figure = report.figures[key]
        cell = found[f"{figure.label} {figure.written} [costs]"]
        assert calculated(cell, book) == pytest.approx(figure.number), key
