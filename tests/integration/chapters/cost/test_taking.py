"""Bills are taken in: corrections restate a day and keep both, and half a bill is no bill."""

import gzip
import resource
from datetime import date
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from tests.integration.chapters.cost.place import BINDINGS, DAY, EC2, SERVICES, TOTAL, Place, days, row

from toban.chapters.cost.bills import files
from toban.chapters.cost.bills.focus.columns import NEEDED
from toban.chapters.cost.models import BillReading, CostDay, DayCharge
from toban.chapters.cost.operation import OPERATION
from toban.chapters.cost.overview import overview
from toban.engine.evidence.verdict import Verdict
from toban.engine.runs.models import Run

FIRST, NOV_19 = date(2026, 10, 1), date(2026, 11, 19)
EC2_NAME = "Amazon Elastic Compute Cloud"


def test_a_correction_restates_its_day_and_keeps_both(place: Place) -> None:
    rows = days(FIRST, NOV_19)
    place.bill(rows)
    place.pass_()
    place.bill([*rows, row(date(2026, 11, 3), EC2_NAME, "-1000")])
    place.pass_()

    both = CostDay.objects.filter(day=date(2026, 11, 3)).order_by("taken_at")
    assert [each.replaced_at is None for each in both] == [False, True]
    sums = [sum(each.charges.values_list("billed", flat=True)) for each in both]
    assert sums == [11_500_500_000, 10_500_500_000]
    (first, second) = place.taken()
    assert (first.content["restated"], first.content["days"]) == (0, 50)
    assert second.content["changes"] == [
        {"day": "2026-11-03", "before": {"JPY": "11500.5"}, "after": {"JPY": "10500.5"}}
    ]
    assert place.said(EC2).startswith("¥113,000 ")
    assert [each.day for each in overview(place.known()).restated] == [date(2026, 11, 3)]


def test_a_day_that_a_later_export_has_no_more_is_kept_beside_and_missing(place: Place) -> None:
    rows = days(FIRST, NOV_19)
    place.bill(rows)
    place.pass_()
    place.bill([each for each in rows if not each["ChargePeriodStart"].startswith("2026-11-03")])
    place.pass_()

    (gone,) = CostDay.objects.filter(day=date(2026, 11, 3))
    assert gone.replaced_at == place.now
    assert sum(gone.charges.values_list("billed", flat=True)) == 11_500_500_000
    assert place.taken()[-1].content["changes"] == [
        {"day": "2026-11-03", "before": {"JPY": "11500.5"}, "after": {}}
    ]
    assert place.taken()[-1].content["first"] == "2026-11-03"
    assert place.verdict() is Verdict.NOT_MEASURABLE
    assert "1日分がありません（2026-11-03）" in place.said()

    place.bill(rows)
    place.pass_()

    assert place.verdict() is Verdict.CONFORMING


def test_an_export_of_this_month_alone_leaves_the_former_ones(place: Place) -> None:
    place.bill(days(FIRST, NOV_19))
    place.pass_()
    place.bill(days(date(2026, 11, 1), NOV_19, {**SERVICES, EC2_NAME: "6001"}))
    place.pass_()

    assert CostDay.objects.filter(day__lt=date(2026, 11, 1), replaced_at=None).count() == 31


def test_a_day_that_is_still_charged_is_no_correction(place: Place) -> None:
    rows = days(FIRST, NOV_19)
    place.bill(rows)
    place.pass_()
    place.bill([*rows, row(NOV_19, EC2_NAME, "500")])
    place.pass_()

    assert CostDay.objects.filter(day=NOV_19).count() == 1
    assert place.taken()[-1].content["restated"] == 0
    assert place.said(EC2).startswith("¥114,500 ")


def test_an_unchanged_bill_says_nothing_new(place: Place) -> None:
    place.until(NOV_19)
    for _ in range(3):
        place.pass_()

    assert len(place.taken()) == 1
    read = BillReading.objects.get()
    assert (read.read_at, read.rows) == (place.now, 200)


def test_every_yen_is_attributed_or_other(place: Place) -> None:
    place.bill(
        [*days(FIRST, NOV_19), row(NOV_19, "AWS Lambda", "0.0000004"), row(NOV_19, "AWS Lambda", "0.3")]
    )
    place.pass_()

    found = overview(place.known())

    items = {each.row.item: each.found.month.spent for each in found.budgets if not each.row.is_total}
    assert items == {"EC2": Decimal(114_000), "RDS": Decimal(76_000), "S3": Decimal(19_000)}
    assert found.other == Decimal("9509.8")
    assert sum(items.values()) + found.other == found.whole == sum(each.amount for each in found.services)
    assert found.whole == sum(found.days.values())


def test_only_what_counts_hours_is_read_of_quantities(place: Place) -> None:
    counted = {"ConsumedQuantity": "1.5", "ConsumedUnit": "Hrs"}
    many = {"ConsumedQuantity": "9.25E30", "ConsumedUnit": "Bytes"}
    place.bill(
        [
            *days(FIRST, NOV_19),
            row(NOV_19, EC2_NAME, "30", **counted),
            row(NOV_19, EC2_NAME, "7", **many),
        ]
    )
    place.pass_()

    found = DayCharge.objects.get(day__day=NOV_19, service=EC2_NAME)
    assert (found.billed, found.hours, found.by_hour) == (6_037_000_000, 1_500_000, 30_000_000)


def test_parquet_with_its_own_types_says_the_same(place: Place) -> None:
    place.take(BINDINGS.replace("focus*.csv", "**/*.parquet") + 'tag = "team"\nitems = { EC2 = ["web"] }\n')
    rows: list[dict[str, object]] = [
        {
            **each,
            "BilledCost": float(each["BilledCost"]),
            "ChargePeriodStart": pa.scalar(each["ChargePeriodStart"]).cast(pa.timestamp("us", "UTC")).as_py(),
            "Tags": [("team", "web")] if each["ServiceName"] == EC2_NAME else [],
        }
        for each in days(FIRST, NOV_19)
    ]
    schema = pa.Table.from_pylist([{k: v for k, v in each.items() if k != "Tags"} for each in rows])
    table = schema.append_column(
        "Tags", pa.array([each["Tags"] for each in rows], pa.map_(pa.string(), pa.string()))
    )
    (place.folder / "month").mkdir()
    path = place.folder / "month" / "focus.parquet"
    pq.write_table(table, path)
    place.dated(path)
    place.pass_()

    assert place.said(TOTAL).startswith("¥218,510 ")
    assert place.said(EC2).startswith("¥114,000 ")


def test_a_small_file_that_unpacks_to_terabytes_takes_no_more_memory_than_is_allowed(place: Place) -> None:
    place.take(BINDINGS.replace("focus*.csv", "*.parquet"))
    count = 200_000
    long = pa.DictionaryArray.from_arrays(pa.array([0] * count, pa.int32()), pa.array(["x" * 2**23]))
    said = {
        "ChargePeriodStart": "2026-11-01T00:00:00Z",
        "BilledCost": "1",
        "BillingCurrency": "USD",
        "ChargeCategory": "Usage",
    }
    columns = {name: pa.array([value] * count) for name, value in said.items()}
    path = place.folder / "focus.parquet"
    pq.write_table(pa.table(columns | {"ServiceName": long}), path, compression="zstd", store_schema=False)
    place.dated(path)
    assert path.stat().st_size < 10_000
    place.pass_()

    assert "focus.parquet を読めません" in str(BillReading.objects.get().trouble)
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 2.5 * 2**20
    assert not DayCharge.objects.exists()
    assert place.verdict() is Verdict.NOT_MEASURABLE


def test_an_export_without_rows_charges_nothing(place: Place) -> None:
    place.take(BINDINGS.replace("focus*.csv", "*.parquet"))
    path = place.folder / "focus.parquet"
    pq.write_table(pa.table({name: pa.array([], pa.string()) for name in NEEDED}), path)
    place.dated(path)
    place.pass_()

    assert not str(BillReading.objects.get().trouble)
    assert not DayCharge.objects.exists()


def test_a_parquet_file_that_is_no_export_says_what_is_missing(place: Place) -> None:
    place.take(BINDINGS.replace("focus*.csv", "*.parquet"))
    path = place.folder / "focus.parquet"
    pq.write_table(pa.table({"BilledCost": ["1"]}), path)
    place.dated(path)
    place.pass_()

    assert "ChargePeriodStart" in str(BillReading.objects.get().trouble)


def test_compressed_files_are_read_and_copies_once(place: Place) -> None:
    place.take(BINDINGS.replace("focus*.csv", "focus*"))
    place.bill(days(FIRST, NOV_19))
    written = (place.folder / "focus.csv").read_bytes()
    for name in ("focus-copy.csv.gz", "focus-copy-2.csv.gz"):
        (place.folder / name).write_bytes(gzip.compress(written, mtime=0))
        place.dated(place.folder / name)
    (place.folder / "focus.csv").unlink()
    place.pass_()

    assert place.said(TOTAL).startswith("¥218,510 ")


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ({"BilledCost": "ten"}, "focus.csv を読めません"),
        ({"BilledCost": ""}, "BilledCost is empty"),
        ({"BilledCost": "NaN"}, "focus.csv を読めません"),
        ({"BilledCost": "1e30"}, "focus.csv を読めません"),
        ({"BilledCost": "2000000000000"}, "金額が大きすぎます"),
        ({"ChargeCategory": "Gift"}, "FOCUS にない ChargeCategory です: Gift"),
        ({"BillingCurrency": "円"}, "通貨ではありません"),
        ({"ChargePeriodStart": "2026-11-01T00:00:00+09:00"}, "no moment in UTC"),
        ({"ChargePeriodStart": ""}, "day is empty"),
    ],
)
def test_what_cannot_be_read_is_said_and_nothing_of_it_is_kept(
    place: Place, said: dict[str, str], why: str
) -> None:
    place.bill([*days(FIRST, NOV_19), {**row(NOV_19, EC2_NAME, "1"), **said}])
    place.pass_()

    assert why in str(BillReading.objects.get().trouble)
    assert not DayCharge.objects.exists()
    assert place.verdict() is Verdict.NOT_MEASURABLE


def test_more_digits_than_are_kept_are_rounded_and_not_refused(place: Place) -> None:
    place.bill([*days(FIRST, NOV_19), row(NOV_19, EC2_NAME, "1.23456789012345678901E-3")])
    place.pass_()

    assert DayCharge.objects.get(day__day=NOV_19, service=EC2_NAME).billed == 6_000_001_235


def test_a_bill_that_is_being_written_is_no_bill(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.bill(days(FIRST, NOV_19))
    real, asked = files.files_of, []

    def growing(pattern: Path) -> files.BillFiles:
        asked.append(pattern)
        if len(asked) == 3:
            with (place.folder / "focus.csv").open("a") as file:
                file.write("\n")
        return real(pattern)

    for module in ("toban.chapters.cost.bills.files", "toban.chapters.cost.bills.focus.source"):
        monkeypatch.setattr(f"{module}.files_of", growing)
    place.pass_()

    assert "書き込みの途中です" in str(BillReading.objects.get().trouble)
    assert not DayCharge.objects.exists()


def test_days_are_forgotten_when_their_time_is_over(place: Place) -> None:
    place.take(BINDINGS + 'kept = "40日"\n')
    place.until(NOV_19)

    assert CostDay.objects.order_by("day").values_list("day", flat=True)[0] == date(2026, 10, 11)


HAND = """[bills.hand]
kind = "csv"
path = "hand*.csv"
days = "some"
oldest = "35日"
"""


def test_a_bill_by_hand_is_spread_over_its_days(place: Place) -> None:
    place.take(HAND)
    place.by_hand(
        "date,until,service,amount,kind\n"
        '2026-11-01,2026-11-30,EC2,"100,000",recurring\n'
        "2026-11-04,,RDS,1500.5,usage\n"
        "2026-11-05,,S3,10,usage\n"
        "2026-10-01,2026-10-31,EC2,100000,recurring\n"
    )
    place.pass_()

    kept = DayCharge.objects.filter(day__day__gte=date(2026, 11, 1), service="EC2")
    assert sum(kept.values_list("billed", flat=True)) == 100_000_000_000
    # Twenty of thirty days; the bill's own days to come are no spending yet.
    assert place.said(EC2).startswith("¥66,667 ")
    assert place.verdict(EC2) is Verdict.CONFORMING, place.said(EC2)
    assert place.said().startswith("¥68,177 ")


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("2026-11-31,EC2,1", "2行目を読めません"),
        ("2026-11-01,EC2,1.000.000", "amount 1.000.000"),
        ("2026-11-01,,1", "service"),
        ("2026-11-01,EC2,¥1", "amount ¥1"),
        ("2026-11-01,EC2", "columns"),
        ("2026-11-01,EC2,1,2", "columns"),
    ],
)
def test_a_line_by_hand_that_cannot_be_read_is_named(place: Place, line: str, why: str) -> None:
    place.take(HAND)
    place.by_hand(f"date,service,amount\n{line}\n")
    place.pass_()

    assert why in str(BillReading.objects.get().trouble)
    assert not DayCharge.objects.exists()


def test_a_line_by_hand_at_the_end_of_the_calendar_keeps_none_of_the_others(place: Place) -> None:
    place.take(HAND)
    place.by_hand(
        "date,until,service,amount\n9999-12-31,,EC2,1\n2026-11-01,,EC2,5\n9999-12-30,9999-12-31,S3,2\n"
    )
    place.pass_()

    assert not BillReading.objects.get().trouble
    assert DayCharge.objects.count() == 4


def test_a_misspelt_column_is_not_passed_over(place: Place) -> None:
    place.take(HAND)
    place.by_hand("date,service,amount,curency\n2026-11-01,EC2,1,USD\n")
    place.pass_()

    assert "curency" in str(BillReading.objects.get().trouble)


def test_the_check_of_a_row_is_a_run_with_evidence(place: Place) -> None:
    place.until(NOV_19)
    place.now = (place.now + DAY).replace(hour=9, minute=1)
    place.bill(days(FIRST, date(2026, 11, 20)))
    place.work()
    place.tell()

    entries = place.checks()
    assert [each.clause_id for each in entries if each.clause_id == EC2] == [EC2]
    (checked,) = (each for each in entries if each.clause_id == EC2)
    # The check reads the bill anew, whenever it was read last.
    assert (checked.content["verdict"], checked.content["spent"], checked.content["until"]) == (
        "conforming",
        "120000",
        "2026-11-19",
    )
    assert place.verdict(EC2) is Verdict.CONFORMING


def test_a_check_that_did_not_go_through_is_not_performed(place: Place) -> None:
    place.until(NOV_19)
    place.now = (place.now + DAY).replace(hour=9, minute=1)
    place.work()
    Run.objects.filter(clause_id=EC2).update(state=Run.State.FAILED)
    place.tell()

    assert place.verdict(EC2) is Verdict.NOT_PERFORMED
    assert "確認できませんでした" in place.said(EC2)


def test_a_trial_keeps_nothing(place: Place) -> None:
    (trial,) = OPERATION.trials(place.edition, place.now)
    assert [str(each) for each in trial.doubts()]
    place.bill(days(FIRST, NOV_19, SERVICES))

    assert not list(trial.doubts())
    assert not CostDay.objects.exists()


def test_what_a_bill_says_of_days_to_come_is_not_known(place: Place) -> None:
    place.take(HAND.replace('days = "some"\noldest = "35日"\n', ""))
    place.by_hand("date,until,service,amount\n2026-10-01,2026-11-30,EC2,61000\n")
    place.pass_()
    assert place.verdict(EC2) is Verdict.CONFORMING
    assert "2026-11-19 までの請求" in place.said(EC2)

    # Nobody has written there since: more may have been used.
    for _ in range(4):
        place.now += DAY
        place.work()
        place.pass_()

    assert place.verdict(EC2) is Verdict.NOT_MEASURABLE
    assert "2026-11-20 まで" in place.said(EC2)
