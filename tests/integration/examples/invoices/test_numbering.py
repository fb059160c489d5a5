"""Numbers assigned by several workers at once, with both state databases."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SCRIPT = Path(__file__).with_name("number_many.py")
TOLD = """
import django, json; django.setup()
from toban_invoices.models import Invoice, Revision
print(json.dumps([list(Invoice.objects.order_by("number").values_list("number", flat=True)),
                  Revision.objects.count()]))
"""


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_several_workers_at_once_leave_no_gap_and_no_duplicate(
    database: str, request: pytest.FixtureRequest
) -> None:
    environment: dict[str, str] = request.getfixturevalue(database)
    works = ["B003", "B003", "B009"]  # two of the workers even do the same runs

    started = [
        subprocess.Popen([sys.executable, SCRIPT, work, "20"], env=environment, stderr=subprocess.PIPE)
        for work in works
    ]
    said = [each.communicate(timeout=120)[1].decode() for each in started]

    assert [(each.returncode, text) for each, text in zip(started, said, strict=True)] == [(0, "")] * 3
    told = subprocess.check_output([sys.executable, "-c", TOLD], env=environment)
    numbers, revisions = json.loads(told)
    assert numbers == list(range(1, 81))  # 2 works, 20 periods, 2 customers
    assert revisions == 80
