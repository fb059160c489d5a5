"""What should be on now, as a level; what that saves, by hand; and the verdict on it."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.cost.bindings import CostsBinding, OffHoursBinding
from toban.chapters.cost.charge import ChargeKey, ChargeKind, Commitment
from toban.chapters.cost.off_hours.judging import LowerRun, QuietState, judge_quiet
from toban.chapters.cost.off_hours.level import LevelOutcome, QuietSeen, QuietTerms, decide
from toban.chapters.cost.off_hours.saving import Saving, by_day, saving
from toban.chapters.cost.spending.amounts import Spent
from toban.design.values.hours import Hours, read_hours
from toban.engine.bindings.model import System
from toban.engine.evidence.verdict import Verdict
from toban.engine.modes.rules import Mode
from toban.message import NOTHING, plain

TOKYO = ZoneInfo("Asia/Tokyo")
HALF = timedelta(minutes=30)
SYSTEM = System(timezone="Asia/Tokyo", holidays="JP")
EC2 = "Amazon Elastic Compute Cloud"
NOW = datetime(2026, 11, 24, 23, tzinfo=TOKYO)


def hours(written: str) -> Hours:
    found = read_hours(written)
    assert found is not None
    return found


TERMS = QuietTerms(hours("平日7:00-22:00"), 1, HALF)


@pytest.mark.parametrize(
    ("at", "is_busy"),
    [
        ("2026-11-24 06:29", False),
        ("2026-11-24 06:30", True),
        ("2026-11-24 12:00", True),
        ("2026-11-24 21:59", True),
        ("2026-11-24 22:00", False),
        ("2026-11-21 12:00", False),
        ("2026-11-23 12:00", False),
        ("2026-11-23 06:45", False),
    ],
)
def test_a_group_is_busy_in_its_hours_and_a_while_before_and_never_on_a_holiday(
    at: str, *, is_busy: bool
) -> None:
    assert TERMS.is_busy(SYSTEM, datetime.fromisoformat(at).replace(tzinfo=TOKYO)) is is_busy


@pytest.mark.parametrize(
    ("seen", "outcome", "to"),
    [
        (QuietSeen(is_busy=True, wanted=3), LevelOutcome.BUSY, None),
        (QuietSeen(is_busy=True, wanted=1), LevelOutcome.BUSY, None),
        (QuietSeen(is_busy=True, wanted=1, before=3), LevelOutcome.RAISE, 3),
        (QuietSeen(is_busy=True, wanted=2, before=3), LevelOutcome.RAISE, 3),
        (QuietSeen(is_busy=True, wanted=4, before=3), LevelOutcome.BUSY, None),
        (QuietSeen(is_busy=False, wanted=3), LevelOutcome.LOWER, 1),
        (QuietSeen(is_busy=False, wanted=1), LevelOutcome.LEAST, None),
        (QuietSeen(is_busy=False, wanted=1, before=3), LevelOutcome.LEAST, None),
        (QuietSeen(is_busy=False, wanted=3, load=plain("busy")), LevelOutcome.HELD, None),
        (QuietSeen(is_busy=False, wanted=3, works=("B001",)), LevelOutcome.HELD, None),
        (QuietSeen(is_busy=False, wanted=3, allowed=plain("until")), LevelOutcome.HELD, None),
        (QuietSeen(is_busy=False, wanted=1, before=3, works=("B001",)), LevelOutcome.RAISE, 3),
        (QuietSeen(is_busy=False, wanted=1, before=3, load=plain("busy")), LevelOutcome.RAISE, 3),
        (QuietSeen(is_busy=False, wanted=3, unknown=plain("no samples")), LevelOutcome.UNKNOWN, None),
        (QuietSeen(is_busy=False, wanted=1, before=3, unknown=plain("no samples")), LevelOutcome.LEAST, None),
    ],
)
def test_only_what_nothing_needs_is_taken_and_only_what_was_taken_is_given_back(
    seen: QuietSeen, outcome: LevelOutcome, to: int | None
) -> None:
    found = decide(TERMS, seen)

    assert (found.outcome, found.to) == (outcome, to)


def months(*names: str) -> Iterator[datetime]:
    """Every half hour of *names*, such as 2026-10."""
    for name in names:
        at = datetime.fromisoformat(f"{name}-01").replace(tzinfo=TOKYO)
        while f"{at:%Y-%m}" == name:
            yield at
            at += HALF


def spared(*names: str) -> dict[date, int]:
    """The seconds that three instances of which one is left are not used."""
    found: dict[date, int] = {}
    for at in months(*names):
        is_busy = TERMS.is_busy(SYSTEM, at)
        if decide(TERMS, QuietSeen(is_busy=is_busy, wanted=3)).outcome is LevelOutcome.LOWER:
            found[at.date()] = found.get(at.date(), 0) + 2 * 1800
    return found


def used(on: date, cost: str, hours: str, currency: str = "JPY", **said: str) -> Spent:
    key = ChargeKey(
        said.get("service", EC2),
        tag=said.get("tag", ""),
        kind=ChargeKind(said.get("kind", "usage")),
        commitment=Commitment(said.get("commitment", "")),
        currency=currency,
    )
    amount = Decimal(cost)
    # Beside what is charged by the hour there is always storage: it has no part in the price of an hour.
    whole = amount + 500
    return Spent("cloud", on, key, whole, whole, whole, Decimal(hours), amount)


BOUND = OffHoursBinding(groups={"Web": 1}, busy=TERMS.busy, services=(EC2,))
COSTS = CostsBinding.model_validate({"rates": {"USD": "150"}, "zone": "Asia/Tokyo"})
PRICES = {
    "2026-10": ("900", "72", "JPY"),
    "2026-11": ("950.4", "72", "JPY"),
    "2026-12": ("5.76", "72", "USD"),
}
"""What three instances cost on each day of a month: 12.5, 13.2 and (0.08 dollars) 12 yen an hour."""


def bill(*names: str) -> list[Spent]:
    days = sorted({at.date() for at in months(*names)})
    return [
        used(on, cost, count, currency) for on in days for cost, count, currency in [PRICES[f"{on:%Y-%m}"]]
    ]


@pytest.mark.parametrize(
    ("month", "instance_hours", "yen"),
    [
        # 31 days, 21 of them business days (10-12 is one of sport): 2 x (744 - 21 x 15.5) x 12.5
        ("2026-10", "837", "10462.5"),
        # 30 days, 19 business days (11-03 and 11-23 are holidays): 2 x (720 - 19 x 15.5) x 13.2
        ("2026-11", "851", "11233.2"),
        # 31 days, 23 business days: 2 x (744 - 23 x 15.5) x 0.08 x 150
        ("2026-12", "775", "9300"),
    ],
)
def test_three_months_are_credited_as_they_come_to_by_hand(month: str, instance_hours: str, yen: str) -> None:
    found = saving(spared(month), bill(month), BOUND, COSTS, date(2026, 12, 31))

    assert (found.hours, found.priced, found.yen) == (
        Decimal(instance_hours),
        Decimal(instance_hours),
        Decimal(yen),
    )


def test_the_three_months_together_come_to_their_sum() -> None:
    found = saving(spared(*PRICES), bill(*PRICES), BOUND, COSTS, date(2026, 12, 31))

    assert (found.hours, found.yen) == (Decimal(2463), Decimal("30995.7"))


DAY = date(2026, 11, 3)
HOUR = {DAY: 3600 * 10}


@pytest.mark.parametrize(
    ("spent", "until", "yen"),
    [
        ([], DAY, None),
        ([used(DAY, "900", "0")], DAY, None),
        ([used(DAY, "900", "72")], DAY - timedelta(days=1), None),
        ([used(DAY, "900", "72")], None, None),
        ([used(DAY, "900", "72", service="Amazon RDS")], DAY, None),
        ([used(DAY, "900", "72", kind="once")], DAY, None),
        ([used(DAY, "900", "72", currency="EUR")], DAY, None),
        ([used(DAY, "600", "72", commitment="used")], DAY, None),
        ([used(DAY, "900", "72"), used(DAY, "600", "72", commitment="used")], DAY, "125"),
        ([used(DAY, "900", "72"), used(DAY, "300", "28")], DAY, "120"),
    ],
)
def test_nothing_is_credited_that_the_bill_does_not_show(
    spent: list[Spent], until: date | None, yen: str | None
) -> None:
    found = saving(HOUR, spent, BOUND, COSTS, until)

    assert found.hours == Decimal(10)
    assert found.yen == (None if yen is None else Decimal(yen))
    assert found.priced == (Decimal(0) if yen is None else Decimal(10))


def test_a_tag_narrows_the_price_and_tax_is_added_as_the_terms_say() -> None:
    spent = [used(DAY, "900", "72", tag="web"), used(DAY, "9000", "72", tag="batch")]
    tagged = BOUND.model_copy(update={"tag": "web"})

    found = saving(HOUR, spent, tagged, CostsBinding.model_validate({"tax": "10%"}), DAY)

    assert found == Saving(Decimal(10), Decimal(10), Decimal("137.5"))


def test_a_day_that_no_bill_prices_is_in_no_amount() -> None:
    found = saving({DAY: 3600, DAY + timedelta(days=1): 7200}, [used(DAY, "900", "72")], BOUND, COSTS, DAY)

    assert found == Saving(Decimal(3), Decimal(1), Decimal("12.5"))


def test_seconds_are_those_of_the_day_that_they_fall_on() -> None:
    start = datetime(2026, 11, 3, 23, 59, 30, tzinfo=TOKYO)

    assert list(by_day(start, start + timedelta(minutes=1), TOKYO)) == [(DAY, 30), (date(2026, 11, 4), 30)]
    assert list(by_day(start, start, TOKYO)) == []


def state(outcome: LevelOutcome | None, **said: object) -> QuietState:
    given = {"mode": Mode.ACT, "is_open": False, "looked_at": NOW, "wanted": 3, "serving": 3, **said}
    return QuietState("Web", 1, outcome=outcome, **given)  # type: ignore[arg-type] # as the test says


RUN = LowerRun(7)


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (state(None), Verdict.NOT_MEASURABLE),
        (state(LevelOutcome.LEAST, looked_at=NOW - timedelta(minutes=6)), Verdict.NOT_MEASURABLE),
        (state(LevelOutcome.UNKNOWN), Verdict.NOT_MEASURABLE),
        (state(LevelOutcome.HELD), Verdict.NOT_DUE),
        (state(LevelOutcome.LEAST, before=3, wanted=1), Verdict.CONFORMING),
        (state(LevelOutcome.RAISE, before=3), Verdict.CONFORMING),
        (state(LevelOutcome.RAISE, before=3, is_open=True), Verdict.DEVIATING),
        (state(LevelOutcome.LOWER, mode=Mode.SHADOW), Verdict.NOT_MEASURABLE),
        (state(LevelOutcome.BUSY, mode=Mode.SHADOW), Verdict.NOT_MEASURABLE),
        (state(LevelOutcome.BUSY), Verdict.NOT_DUE),
        (state(LevelOutcome.BUSY, lowered_at=NOW), Verdict.CONFORMING),
        (state(LevelOutcome.LOWER), Verdict.CONFORMING),
        (state(LevelOutcome.LOWER, last=LowerRun(7, is_open=True)), Verdict.CONFORMING),
        (state(LevelOutcome.LOWER, last=LowerRun(7, is_open=True, awaits_approval=True)), Verdict.WARNING),
        (state(LevelOutcome.LOWER, last=LowerRun(7, is_unanswered=True)), Verdict.NOT_PERFORMED),
        (state(LevelOutcome.LOWER, last=RUN), Verdict.DEVIATING),
    ],
)
def test_the_verdict(found: QuietState, verdict: Verdict) -> None:
    judged = judge_quiet(found, NOW)

    assert judged.verdict is verdict
    assert judged.reason is not NOTHING
