"""Closings, the periods between them, and when an invoice is due."""

from datetime import UTC, date, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest

from toban.design.values.schedule import Schedule, read_schedule
from toban.engine.bindings.model import System
from toban_invoices.period import Closing, InvoicePeriod, PaymentTerm, periods, read_term

TOKYO = ZoneInfo("Asia/Tokyo")


def schedule(text: str) -> Schedule:
    found = read_schedule(text)
    assert found is not None
    return found


def last(text: str, until: datetime, closing: Closing = Closing.DUE) -> InvoicePeriod:
    return list(periods(schedule(text), System(), until, closing))[-1]


def tokyo(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=TOKYO)  # type: ignore[misc, arg-type]


def test_a_run_at_its_due_time_bills_the_period_since_the_last_one() -> None:
    period = last("月末23:00", tokyo(2026, 11, 30, 23))

    assert (period.start, period.end) == (tokyo(2026, 10, 31, 23), tokyo(2026, 11, 30, 23))
    assert period.title == "2026年11月分"
    assert period.words == "2026年10月31日 23:00 ～ 2026年11月30日 23:00"


def test_a_second_before_the_closing_the_previous_period_is_billed() -> None:
    assert last("月末23:00", tokyo(2026, 11, 30, 22, 59, 59)).last_day == date(2026, 10, 31)


def test_a_run_ordered_days_later_bills_the_same_period() -> None:
    assert last("月末23:00", tokyo(2026, 12, 3, 10)) == last("月末23:00", tokyo(2026, 11, 30, 23))


def test_every_moment_is_in_exactly_one_period() -> None:
    found = list(periods(schedule("月末23:00"), System(), tokyo(2028, 3, 1), Closing.DUE))

    assert len(found) > 24
    assert all(before.end == after.start for before, after in pairwise(found))
    assert found[-1].last_day == date(2028, 2, 29)


def test_early_in_the_morning_the_period_closes_at_the_midnight_before() -> None:
    period = last("毎月1日 3:00", tokyo(2026, 12, 1, 3), Closing.MIDNIGHT)

    assert (period.start, period.end) == (tokyo(2026, 11, 1), tokyo(2026, 12, 1))
    assert (period.title, period.words) == ("2026年11月分", "2026年11月1日 ～ 2026年11月30日")
    assert period.last_day == date(2026, 11, 30)


def test_a_due_time_given_in_utc_closes_in_the_documents_zone() -> None:
    assert last("月末23:00", datetime(2026, 11, 30, 14, tzinfo=UTC)).end == tokyo(2026, 11, 30, 23)


def test_a_period_that_is_not_a_calendar_month_is_named_by_its_closing() -> None:
    assert last("毎週金曜 18:00", tokyo(2026, 11, 27, 18)).title == "2026年11月27日締め分"


@pytest.mark.parametrize(
    ("text", "term"),
    [
        ("翌月末", PaymentTerm(months=1)),
        ("翌月末日", PaymentTerm(months=1)),
        ("翌々月10日", PaymentTerm(months=2, day=10)),
        ("当月25日", PaymentTerm(months=0, day=25)),
        ("30日以内", PaymentTerm(days=30)),
        ("14日", PaymentTerm(days=14)),
        ("翌月32日", None),
        ("そのうち", None),
        ("0日", None),
    ],
)
def test_terms_of_payment_are_read(text: str, term: PaymentTerm | None) -> None:
    assert read_term(text) == term


@pytest.mark.parametrize(
    ("term", "closed", "day"),
    [
        (PaymentTerm(months=1), date(2028, 1, 31), date(2028, 2, 29)),
        (PaymentTerm(months=1, day=30), date(2027, 1, 31), date(2027, 2, 28)),
        (PaymentTerm(months=1), date(2026, 12, 31), date(2027, 1, 31)),
        (PaymentTerm(months=2, day=10), date(2026, 11, 30), date(2027, 1, 10)),
        (PaymentTerm(days=30), date(2026, 11, 30), date(2026, 12, 30)),
    ],
)
def test_the_payment_day_is_a_calendar_day(term: PaymentTerm, closed: date, day: date) -> None:
    assert term.after(closed) == day
