"""The monthly report, made of real records."""

from datetime import timedelta

import pytest
from tests.integration.engine.reports.conftest import (
    AVAILABILITY,
    CPU,
    DAY,
    END,
    HOUR,
    LATER,
    START,
    judged,
    number,
    report_on,
)

from toban.engine.evidence import ledger
from toban.engine.evidence.ledger import LedgerHead, Record
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.orders import NotPossible
from toban.engine.reports.history import entries_in, histories
from toban.engine.reports.section import ReportPart
from toban.engine.reports.verdicts import RowHistory
from toban.message import plain

pytestmark = pytest.mark.django_db


@pytest.mark.usefixtures("october")
def test_every_part_stands_in_the_order_that_customers_expect() -> None:
    parts = [each.part for each in report_on().sections]

    assert parts == [
        ReportPart.SUMMARY, ReportPart.LEVELS, ReportPart.INCIDENTS, ReportPart.ALERTS, ReportPart.RELEASES,
        ReportPart.BACKUPS, ReportPart.BATCHES, ReportPart.SECURITY, ReportPart.CAPACITY, ReportPart.ROUTINE,
        ReportPart.COST, ReportPart.DOCUMENTS, ReportPart.EXCEPTIONS, ReportPart.CALENDAR, ReportPart.METHOD,
    ]  # fmt: skip


@pytest.mark.usefixtures("october")
def test_a_level_counts_the_days_of_the_month_with_and_without_planned_maintenance() -> None:
    report = report_on()

    known = 30 * 86_400 + 43_200
    assert number(report, "level-1-unplanned") == pytest.approx((known - 3600 - 600) / (known - 3600) * 100)
    assert number(report, "level-1-counted") == pytest.approx((known - 4200) / known * 100)
    assert number(report, "level-1-known") == pytest.approx(known / (31 * 86_400) * 100)
    assert number(report, "level-1-budget-left") == pytest.approx(31 * 86_400 * 0.001 - 600)
    figure = report.figures["level-1-unplanned"]
    assert figure.clause is not None
    assert figure.clause.id == AVAILABILITY
    assert str(figure.note) == "12時間は測定がなく、この値に含まれません"
    assert figure.is_kept is True


@pytest.mark.usefixtures("october")
def test_what_happened_just_outside_of_the_month_does_not_count() -> None:
    report = report_on()

    assert number(report, "alerts-opened") == 3
    assert number(report, "alerts-critical") == 1
    assert number(report, "alerts-no-data") == 1
    assert number(report, "alerts-open") == 1
    assert number(report, "alerts-to-acknowledge") == 600
    assert number(report, "alerts-to-resolve") == pytest.approx((1800 + 5400) / 2)
    assert number(report, "incidents-count") == 2
    assert number(report, "incidents-ongoing") == 1
    assert number(report, "incidents-recovery-mean") == 3600
    assert number(report, "backups-row-1") == 1
    assert number(report, "backups-longest-recovery") == 120


@pytest.mark.usefixtures("october")
def test_runs_in_shadow_and_those_that_are_not_over_are_neither_done_nor_missed() -> None:
    report = report_on()

    names = ("due", "done", "not-done", "open", "shadow")
    assert [number(report, f"batches-{each}") for each in names] == [5, 1, 2, 1, 1]
    assert number(report, "batches-done-share") == pytest.approx(100 / 3)
    assert [number(report, f"tasks-{each}") for each in names] == [2, 1, 1, 0, 0]


@pytest.mark.usefixtures("october")
def test_the_summary_counts_each_row_by_its_last_verdict_of_the_month() -> None:
    report = report_on()

    assert number(report, "rows") == len(report.tables["rows"].rows)
    assert number(report, "rows-conforming") == 1
    assert number(report, "rows-warning") == 1
    assert number(report, "troubles") == 1
    shares = {f"rows-{each.value}": number(report, f"rows-{each.value}") for each in Verdict}
    assert sum(shares.values()) == number(report, "rows")  # type: ignore[arg-type]


@pytest.mark.usefixtures("october")
def test_a_verdict_of_a_later_month_does_not_change_the_report() -> None:
    before = {key: each.number for key, each in report_on().figures.items()}

    judged(CPU, Verdict.DEVIATING, END + HOUR)

    after = report_on(now=LATER + 20 * DAY)
    assert {key: each.number for key, each in after.figures.items()} == before


def test_a_judgement_that_lapsed_before_the_next_one_is_not_shown_as_conforming() -> None:
    judged(CPU, Verdict.CONFORMING, START + HOUR)
    # Nobody renewed it for a month: the entry says that the row was not measurable before.
    judged(CPU, Verdict.CONFORMING, END + DAY)

    report = report_on()

    assert LedgerEntry.objects.last().content["before"] == "not-measurable"  # type: ignore[union-attr]
    assert number(report, "rows-conforming") == 0
    assert "12" not in str(report.figures["rows-conforming"].value)


def test_a_judgement_that_nobody_renewed_any_more_is_not_measurable() -> None:
    judged(CPU, Verdict.CONFORMING, START + HOUR)

    assert number(report_on(), "rows-conforming") == 0
    assert number(report_on(now=START + HOUR + timedelta(minutes=1)), "rows-conforming") == 1


@pytest.mark.usefixtures("october")
def test_days_without_evidence_are_named() -> None:
    report = report_on()

    assert number(report, "days") == 31
    assert number(report, "days-without-evidence") == 1
    assert any("2026-10-31" in str(note) for note in report.notes)


@pytest.mark.usefixtures("october")
def test_the_running_month_says_so_and_counts_only_what_is_over() -> None:
    report = report_on(now=START + DAY + HOUR)

    assert "2026-10-02 01:00" in str(report.notes[0])
    assert number(report, "days") == 2
    assert number(report, "alerts-opened") == 2
    assert number(report, "level-1-known") is not None


def test_a_month_without_evidence_claims_nothing() -> None:
    judged(CPU, Verdict.CONFORMING, END + HOUR)

    report = report_on()

    assert [each.part for each in report.sections] == [ReportPart.CALENDAR, ReportPart.METHOD]
    assert "2026-10 の証跡は何もありません" in str(report.notes[0])
    assert report.known is None


def test_evidence_that_begins_within_the_month_is_said() -> None:
    judged(CPU, Verdict.CONFORMING, START + 10 * DAY)

    assert any("2026-10-11 00:00 に始まります" in str(note) for note in report_on().notes)


@pytest.mark.parametrize(
    "name", ["2026-12", "2027-01", "2026-13", "2026-00", "0000-01", "10月", "２０２６-10", ""]
)
def test_a_month_to_come_and_what_is_no_month_are_refused_in_words(name: str) -> None:
    with pytest.raises(NotPossible):
        report_on(name)


@pytest.mark.usefixtures("october")
def test_every_figure_has_its_raw_rows_among_the_tables() -> None:
    report = report_on()

    assert report.figures
    assert all(report.tables[each.table.key] is each.table for each in report.figures.values())
    assert sum(len(each.figures) for each in report.sections) == len(report.figures)
    assert sum(len(each.tables) for each in report.sections) == len(report.tables)


@pytest.mark.usefixtures("october")
def test_the_method_names_the_place_in_the_chain() -> None:
    (method,) = (each for each in report_on().sections if each.part is ReportPart.METHOD)
    last = LedgerEntry.objects.filter(at__lt=END).last()

    assert last is not None
    assert LedgerHead(last.sequence, last.digest).digest in str(method.notes[0])


def test_the_ends_of_runs_neither_interrupt_a_rows_verdict_nor_count_as_its_troubles() -> None:
    for turn in range(3):
        at = START + HOUR + timedelta(minutes=turn)
        judged(CPU, Verdict.CONFORMING, at)
        end = {"verdict": "not-performed", "work": "B001", "run": turn, "reason": "failed", "note": None}
        ledger.append(Record(LedgerEntry.Kind.VERDICT, end, clause_id=CPU), now=at)
    span = (START, END)
    inside = entries_in(span)
    assert inside is not None

    row = histories([CPU], inside, span, START + HOUR + timedelta(minutes=3))[CPU]

    assert row == RowHistory(Verdict.CONFORMING, START + HOUR, plain("値"), plain("理由"), 0, 0)
