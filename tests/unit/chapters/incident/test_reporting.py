"""Whether a user's report is about an incident that is known."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.incident.declaring.reporting import MOST_REPORTS, KnownIncident, ReportReason, place

NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)
WITHIN = timedelta(minutes=30)
OUTAGE = KnownIncident(
    1,
    "APIサーバー エラー率",
    frozenset({"APIサーバー"}),
    NOON,
    is_measured=True,
    is_reported=False,
    reports=0,
)
REPORTED = KnownIncident(2, "注文できない", frozenset(), NOON, is_measured=False, is_reported=True, reports=0)


def placed(
    title: str, target: str = "", *known: KnownIncident, after: timedelta = timedelta(0)
) -> tuple[ReportReason, int | None]:
    return place(title, target, known or (OUTAGE, REPORTED), WITHIN, NOON + after)


def test_a_report_about_a_target_joins_what_goes_on_there() -> None:
    assert placed("遅い", "APIサーバー", after=timedelta(hours=5)) == (ReportReason.SAME_TARGET, 1)
    assert placed("遅い", "DBサーバー") == (ReportReason.NEW, None)


def test_without_a_target_only_a_report_with_the_same_words_is_joined() -> None:
    assert placed(" 注文 できない") == (ReportReason.SAME_WORDS, 2)
    assert placed("注文できません") == (ReportReason.NEW, None)
    # An alert's title is no user's word.
    assert placed("APIサーバー エラー率") == (ReportReason.NEW, None)


def test_the_same_words_about_another_target_are_something_else() -> None:
    about = replace(REPORTED, targets=frozenset({"Webサーバー"}))

    assert placed("注文できない", "APIサーバー", about) == (ReportReason.NEW, None)
    assert placed("注文できない", "APIサーバー", REPORTED) == (ReportReason.SAME_WORDS, 2)
    assert placed("注文できない", "", about) == (ReportReason.SAME_WORDS, 2)


@pytest.mark.parametrize(("after", "joins"), [(WITHIN, True), (WITHIN + timedelta(seconds=1), False)])
def test_what_nothing_measures_takes_reports_for_a_time(after: timedelta, joins: bool) -> None:
    assert (placed("注文できない", "", REPORTED, after=after)[1] == 2) is joins


@pytest.mark.parametrize(("reports", "joins"), [(MOST_REPORTS - 1, True), (MOST_REPORTS, False)])
def test_a_flood_is_not_about_one_thing(reports: int, joins: bool) -> None:
    full = replace(OUTAGE, reports=reports)

    assert (placed("遅い", "APIサーバー", full)[1] == 1) is joins


def test_of_two_the_first_that_is_given_takes_it() -> None:
    newer = replace(OUTAGE, number=9)

    assert placed("遅い", "APIサーバー", newer, OUTAGE)[1] == 9
