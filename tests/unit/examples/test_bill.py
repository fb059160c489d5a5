"""The example's bill is its measured hours at its stated prices."""

import csv
from datetime import date
from decimal import Decimal
from pathlib import Path

from shop.bill import ASSUMED, MEASURED, PRICES, count

DAY = date(2026, 11, 20)


def test_hours_of_processes_are_charged_at_their_price(tmp_path: Path) -> None:
    running = {each.service: 2 for each in PRICES}
    count(tmp_path, running, DAY, 1800)
    count(tmp_path, running, DAY, 1800)

    with (tmp_path / "focus.csv").open(newline="") as file:
        found = list(csv.DictReader(file))

    measured = {
        row["ServiceName"]: Decimal(row["BilledCost"])
        for row in found
        if row["ChargeDescription"] == MEASURED
    }
    assert measured == {each.service: 2 * each.yen for each in PRICES}
    database = next(
        row for row in found if row["ChargeDescription"] == MEASURED and "Relational" in row["ServiceName"]
    )
    assert database["CommitmentDiscountStatus"] == "Used"
    assert (Decimal(database["EffectiveCost"]), Decimal(database["ListCost"])) == (Decimal(330), Decimal(480))
    assert (Decimal(database["ConsumedQuantity"]), database["ConsumedUnit"]) == (Decimal(2), "Hours")
    assumed = [row for row in found if row["ChargeDescription"] == ASSUMED]
    assert len(assumed) == 40 * len(PRICES)
    assert {row["ChargePeriodStart"] for row in assumed if row["ChargePeriodStart"] >= "2026-11-20"} == set()
    assert Decimal(assumed[0]["BilledCost"]) == PRICES[0].yen * PRICES[0].designed * 24
