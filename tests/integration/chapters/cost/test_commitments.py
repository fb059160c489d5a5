"""What was bought for a term is judged by the bill, and credited only with what the bill shows."""

from collections.abc import Sequence
from datetime import date

import pytest
from tests.integration.chapters.cost.place import BINDINGS, DAY, Place, Row, row

from toban.chapters.cost.models import DayCharge
from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.overview import overview
from toban.design.clauses.cost import CostMeasure, MeasurePurpose
from toban.engine.evidence.verdict import Verdict

RESERVED = "cost/cost-measure/リザーブドインスタンス"
FIRST, NOV_19 = date(2026, 10, 1), date(2026, 11, 19)
RDS, CACHE = "Amazon Relational Database Service", "Amazon ElastiCache"
BOUGHT = f"""{BINDINGS}
[commitments."リザーブドインスタンス"]
services = ["{RDS}", "{CACHE}"]
until = 2027-03-31
"""


def covered(on: date, service: str, *, status: str = "Used", listed: str = "1000", paid: str = "600") -> Row:
    return row(on, service, "0", ListCost=listed, EffectiveCost=paid, CommitmentDiscountStatus=status)


def each_day(*services: str, until: date = NOV_19, **said: str) -> list[Row]:
    count = (until - FIRST).days + 1
    return [covered(FIRST + n * DAY, service, **said) for n in range(count) for service in services]


def bought(place: Place, rows: Sequence[Row], bindings: str = BOUGHT) -> Verdict:
    place.take(bindings)
    place.bill(rows)
    place.pass_()
    return place.verdict(RESERVED)


def test_a_covered_use_conforms_and_its_saving_is_told(place: Place) -> None:
    unused = covered(date(2026, 11, 18), CACHE, status="Unused", listed="0", paid="50")
    full = row(date(2026, 11, 18), RDS, "1000", ListCost="1000", EffectiveCost="1000")

    assert bought(place, [*each_day(RDS, CACHE), unused, full]) is Verdict.CONFORMING
    # Eighteen whole days of two services, 400 yen each, less what nobody used.
    assert place.said(RESERVED).startswith("今月の効果 ¥14,350 期限は 2027-03-31")
    assert f"{RDS} のカバー率 88%" in place.said(RESERVED)
    assert "利用率 99%" in place.said(RESERVED)
    (measure,) = overview(place.known()).measures
    assert measure.judged.proof["saving_jpy"] == "14350"


def test_a_service_that_nothing_covers_deviates(place: Place) -> None:
    plain = [row(date(2026, 11, 10) + n * DAY, CACHE, "900") for n in range(10)]

    assert bought(place, [*each_day(RDS), *plain]) is Verdict.DEVIATING
    assert f"{CACHE} の使用に割引が当たっていません" in place.said(RESERVED)


def test_what_ran_out_a_week_ago_deviates(place: Place) -> None:
    over = [each for each in each_day(CACHE) if each["ChargePeriodStart"] < "2026-11-10"]

    assert bought(place, [*each_day(RDS), *over]) is Verdict.DEVIATING


@pytest.mark.parametrize(
    ("until", "verdict"),
    [
        ("2027-01-20", Verdict.CONFORMING),
        ("2027-01-19", Verdict.WARNING),
        ("2026-11-20", Verdict.WARNING),
        ("2026-11-19", Verdict.DEVIATING),
    ],
)
def test_the_end_of_its_term_warns_sixty_days_before(place: Place, until: str, verdict: Verdict) -> None:
    assert bought(place, each_day(RDS, CACHE), BOUGHT.replace("2027-03-31", until)) is verdict


def test_a_bill_without_commitments_says_nothing_of_them(place: Place) -> None:
    plain = [row(FIRST + n * DAY, name, "900") for n in range(50) for name in (RDS, CACHE)]

    assert bought(place, plain) is Verdict.NOT_MEASURABLE
    assert "コミットメント割引の行がありません" in place.said(RESERVED)


def test_a_service_that_no_bill_names_is_not_measurable(place: Place) -> None:
    assert bought(place, each_day(RDS)) is Verdict.NOT_MEASURABLE
    assert CACHE in place.said(RESERVED)


def test_an_old_bill_is_not_measurable(place: Place) -> None:
    assert bought(place, each_day(RDS, CACHE, until=date(2026, 11, 15))) is Verdict.NOT_MEASURABLE


def test_without_public_prices_no_saving_is_credited(place: Place) -> None:
    assert bought(place, each_day(RDS, CACHE, listed="600")) is Verdict.CONFORMING
    assert "今月の効果" not in place.said(RESERVED)
    assert "定価を示さない" in place.said(RESERVED)
    assert set(DayCharge.objects.values_list("commitment", flat=True)) == {"used"}


def test_what_is_not_bound_says_what_to_write(place: Place) -> None:
    rows = place.edition.plan(OPERATION).rows
    answers = {each.purpose: rows[each.id] for each in place.edition.design.of(CostMeasure)}

    assert "[commitments.名前]" in str(answers[MeasurePurpose.COMMITMENT])
    assert "[off_hours.名前]" in str(answers[MeasurePurpose.FEWER])
    assert "[lifecycles.名前]" in str(answers[MeasurePurpose.LIFECYCLE])
