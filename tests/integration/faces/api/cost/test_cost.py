"""Costs by the API: exact amounts, with what is not known."""

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from tests.integration.chapters.cost.place import Place, days
from tests.integration.faces.api.conftest import Programs
from tests.integration.faces.web.conftest import Fixed

from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole


@pytest.fixture
def place(tmp_path: Path, in_force: Fixed, db: None) -> Place:
    found = Place(tmp_path, now=system_clock())
    in_force.edition = found.edition
    return found


def test_the_month_is_told_to_the_last_digit(program: Programs, place: Place) -> None:
    today = place.known().today
    place.bill(days(today - timedelta(days=70), today))
    place.pass_(timedelta(0))

    found = program(OperatorRole.VIEWER, "read:costs", name="mira").get("/costs")

    assert Decimal(found["whole"]) == Decimal("11500.5") * today.day
    assert sum(Decimal(each["amount"]) for each in found["services"]) == Decimal(found["whole"])
    assert sum(Decimal(each["amount"]) for each in found["days"]) == Decimal(found["whole"])
    assert [each["item"] for each in found["budgets"]] == ["インフラコスト全体", "EC2", "RDS", "S3"]
    assert (found["zone"], found["tax"], found["rates"]) == ("UTC", "billed", {"USD": "150"})
    before = date(today.year, today.month, 1) - timedelta(days=1)
    assert Decimal(found["budgets"][0]["former"]) == Decimal("11500.5") * before.day
    assert found["bills"][0]["newest"] == today.isoformat()


def test_another_scope_reads_no_costs(program: Programs, place: Place) -> None:
    program(OperatorRole.VIEWER, "read:status", name="mira").get("/costs", status=403)
