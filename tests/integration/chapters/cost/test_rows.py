"""Budgets are judged by bills; what may be missing is never green."""

from datetime import date

from tests.integration.chapters.cost.place import BINDINGS, EC2, RDS, S3, SERVICES, TOTAL, Place, days, row

from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert

NOV_19 = date(2026, 11, 19)


def test_what_is_spent_conforms_with_its_forecast_and_its_time(place: Place) -> None:
    place.until(NOV_19)

    assert place.verdict() is Verdict.CONFORMING, place.said()
    assert place.said().startswith("¥218,510 / ¥500,000（43.7%） 月末の予測 ¥345,015")
    assert "2026-11-18 までの請求、2026-11-20 12:00 時点" in place.said()
    assert [place.verdict(each) for each in (EC2, RDS, S3)] == [Verdict.CONFORMING] * 3
    assert place.said(EC2).startswith("¥114,000 / ¥200,000")


def test_the_limit_is_reached_at_its_amount(place: Place) -> None:
    dearer = {**SERVICES, "Amazon Simple Storage Service": "2750"}
    place.until(date(2026, 11, 20), services=dearer)

    assert place.verdict(S3) is Verdict.DEVIATING
    assert "¥55,000 を使い、しきい値 ¥55,000 に達しました" in place.said(S3)
    (alert,) = Alert.objects.filter(clause_id=S3)
    assert "S3" in str(alert.subject)


def test_a_yen_below_the_limit_is_over_the_budget(place: Place) -> None:
    rows = days(date(2026, 10, 1), NOV_19, {**SERVICES, "Amazon Simple Storage Service": "1000"})
    place.bill([*rows, row(NOV_19, "Amazon Simple Storage Service", "35999")])
    place.pass_()

    assert place.verdict(S3) is Verdict.WARNING
    assert "予算 ¥50,000 を超えました" in place.said(S3)


def test_a_forecast_over_the_budget_warns(place: Place) -> None:
    place.until(NOV_19, services={**SERVICES, "Amazon Elastic Compute Cloud": "7000"})

    assert place.verdict(EC2) is Verdict.WARNING
    assert "月末の予測 ¥210,000 が予算 ¥200,000 を超えます" in place.said(EC2)


def test_more_than_even_spending_is_shown(place: Place) -> None:
    rows = days(date(2026, 10, 1), NOV_19)
    place.bill(
        [*rows, row(date(2026, 11, 2), "AWS Key Management Service", "150000", ChargeCategory="Purchase")]
    )
    place.pass_()

    assert place.verdict() is Verdict.CONFORMING
    assert "均等な消化（¥300,000）より" in place.said()


def test_an_old_bill_is_not_measurable(place: Place) -> None:
    place.until(date(2026, 11, 16))

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "請求 cloud は 2026-11-16 までで、4日前です" in place.said()


def test_a_reached_limit_deviates_whatever_is_missing(place: Place) -> None:
    place.until(date(2026, 11, 10), services={"Amazon Elastic Compute Cloud": "60000"})

    assert place.verdict() is Verdict.DEVIATING


def test_a_missing_day_is_not_measurable(place: Place) -> None:
    rows = days(date(2026, 10, 1), NOV_19)
    place.bill([each for each in rows if not each["ChargePeriodStart"].startswith("2026-11-07")])
    place.pass_()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "1日分がありません（2026-11-07）" in place.said()


def test_a_month_whose_beginning_nobody_knows_is_not_measurable(place: Place) -> None:
    place.until(NOV_19, first=date(2026, 11, 8))

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "7日分がありません" in place.said()


def test_an_item_that_no_bill_names_is_not_free(place: Place) -> None:
    place.until(NOV_19, services={"Amazon Elastic Compute Cloud": "6000"})

    assert place.verdict(S3) is Verdict.NOT_MEASURABLE
    assert "[costs.items]" in place.said(S3)
    assert place.verdict(EC2) is Verdict.CONFORMING


def test_an_item_whose_name_changed_is_not_free(place: Place) -> None:
    rows = days(date(2026, 10, 1), NOV_19)
    place.bill(
        [
            {**each, "ServiceName": "Block Things"}
            if each["ServiceName"].endswith("Storage Service") and each["ChargePeriodStart"] > "2026-11-03"
            else each
            for each in rows
        ]
    )
    place.pass_()

    assert place.verdict(S3) is Verdict.NOT_MEASURABLE
    assert "「S3」の請求が 2026-11-02 の後にありません" in place.said(S3)


def test_a_word_of_the_bindings_counts_for_more_than_a_name(place: Place) -> None:
    place.take(BINDINGS + 'tag = "team"\nitems = { S3 = ["archive"], RDS = ["111122223333"] }\n')
    rows = days(date(2026, 10, 1), NOV_19)
    place.bill([*rows, row(NOV_19, "AWS Lambda", "77", Tags='{"team": "archive"}')])
    place.pass_()

    assert place.said(S3).startswith("¥77 ")
    # Everything is of that account; what the tag names is S3's, and nothing is counted twice.
    assert place.said(EC2).startswith("¥0 ")
    assert place.said(RDS).startswith("¥218,510 ")


def test_a_currency_without_a_rate_is_not_measurable(place: Place) -> None:
    place.take('[bills.cloud]\nkind = "focus"\npath = "focus*.csv"\n')
    rows = days(date(2026, 10, 1), NOV_19)
    place.bill([*rows, row(NOV_19, "AWS Lambda", "1", BillingCurrency="USD")])
    place.pass_()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "USD を JPY に直す率がありません" in place.said()
    assert place.verdict(EC2) is Verdict.CONFORMING


def test_dollars_are_yen_by_the_rate_with_the_tax(place: Place) -> None:
    place.take(BINDINGS + 'tax = "10%"\n')
    rows = days(date(2026, 10, 1), NOV_19, {"Amazon Elastic Compute Cloud": "20.000001"})
    rows = [{**each, "BillingCurrency": "USD"} for each in rows]
    taxed = row(NOV_19, "Tax", "38.00", ChargeCategory="Tax", BillingCurrency="USD")
    place.bill([*rows, taxed])
    place.pass_()

    # 19 days × $20.000001 × 150 × 1.1; the bill's own tax would be counted twice.
    assert place.said(EC2).startswith("¥62,700 ")
    assert place.said().startswith("¥62,700 ")


def test_a_credit_hides_no_spending(place: Place) -> None:
    rows = days(date(2026, 10, 1), NOV_19, {"Amazon Elastic Compute Cloud": "12000"})
    credit = row(NOV_19, "Amazon Elastic Compute Cloud", "-220000", ChargeCategory="Credit")
    place.bill([*rows, credit])
    place.pass_()

    assert place.verdict(EC2) is Verdict.DEVIATING
    place.take(BINDINGS + 'credits = "counted"\n')
    place.tell()
    assert place.said(EC2).startswith("¥8,000 ")
    assert "クレジット ¥-220,000" in place.said(EC2)


def test_a_refund_lowers_what_was_spent_and_is_not_foreseen_again(place: Place) -> None:
    rows = days(date(2026, 10, 1), NOV_19)
    place.bill([*rows, row(NOV_19, "Amazon Elastic Compute Cloud", "-4000", ChargeClass="Correction")])
    place.pass_()

    assert place.said(EC2).startswith("¥110,000 ")
    assert "月末の予測 ¥176,000" in place.said(EC2)


def test_the_last_days_of_a_month_are_judged_after_its_end(place: Place) -> None:
    place.now = place.now.replace(month=12, day=2)
    place.until(date(2026, 12, 1), services={**SERVICES, "Amazon Simple Storage Service": "1900"})

    assert place.verdict(S3) is Verdict.DEVIATING
    assert "2026-11 に ¥57,000 を使い" in place.said(S3)


def test_a_month_begins_where_bills_begin_it(place: Place) -> None:
    # 8:30 on the first of December in Tokyo is still November in UTC.
    place.now = place.now.replace(month=12, day=1, hour=6, minute=30)
    place.until(date(2026, 11, 30))
    assert place.said().startswith("¥345,015 ")

    place.take(BINDINGS + 'zone = "Asia/Tokyo"\n')
    place.work()
    place.pass_()

    assert place.verdict() is Verdict.NOT_DUE
    assert "2026-12 は、まる一日分の請求がまだありません" in place.said()


def test_hours_belong_to_the_days_of_the_zone(place: Place) -> None:
    place.take(BINDINGS + 'zone = "Asia/Tokyo"\n')
    rows = days(date(2026, 10, 1), NOV_19)
    late = row(date(2026, 10, 31), "AWS Lambda", "9", ChargePeriodStart="2026-10-31T15:00:00Z")
    early = row(date(2026, 10, 31), "AWS Lambda", "5", ChargePeriodStart="2026-10-31T14:59:59Z")
    place.bill([*rows, late, early])
    place.pass_()

    assert place.said().startswith("¥218,519 ")


def test_two_bills_of_one_account_may_be_counted_twice(place: Place) -> None:
    place.take(BINDINGS + '[bills.copy]\nkind = "focus"\npath = "other.csv"\n')
    place.bill(days(date(2026, 10, 1), NOV_19, {"AWS Lambda": "1"}), "other.csv")
    place.until(NOV_19)

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "111122223333" in place.said()


def test_a_bill_that_cannot_be_read_for_a_day_is_not_measurable(place: Place) -> None:
    place.until(NOV_19)
    (place.folder / "focus.csv").write_text("BilledCost\n1\n")
    place.pass_()
    assert place.verdict() is Verdict.CONFORMING

    for _ in range(13):
        place.pass_()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "FOCUS ではありません" in place.said()


def test_no_bill_yet_is_not_measurable(place: Place) -> None:
    place.pass_()

    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "に当たるファイルがありません" in place.said(TOTAL)


def test_a_bill_that_nobody_has_tried_to_read_yet_raises_no_alert(place: Place) -> None:
    place.tell()

    assert place.verdict() is Verdict.NOT_DUE
    assert "まだ読んでいません" in place.said()
    assert not Alert.objects.exists()

    place.look()
    place.tell()

    assert place.verdict() is Verdict.NOT_MEASURABLE
