"""A state database of its own, and a bill that is taken in there; for `benchmarks.cost`."""

import os
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import django
from django.core.management import call_command

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "toban.settings")
django.setup()
call_command("migrate", verbosity=0)

from tests.registered import PARTS  # noqa: E402 - Django comes first

from toban.chapters.cost.charge import MICRO  # noqa: E402
from toban.chapters.cost.models import BillReading, CostDay, DayCharge  # noqa: E402
from toban.chapters.cost.operation import OPERATION  # noqa: E402
from toban.chapters.cost.plan import CostPlan  # noqa: E402
from toban.chapters.cost.taking import look  # noqa: E402
from toban.design.reader import read_design  # noqa: E402
from toban.engine.bindings.load import read_bindings  # noqa: E402
from toban.engine.editions.edition import Edition  # noqa: E402

_DOCUMENT = """# 運用設計書
## 11. コスト管理
### コスト監視
| 項目 | 月額予算 | アラートしきい値 |
|------|---------|---------------|
| 全体 | ¥500,000 | ¥550,000 |
"""


def place(folder: Path, path: Path) -> CostPlan:
    """Return the plan of a bill at *path*; what was kept of another is gone."""
    CostDay.objects.all().delete()
    BillReading.objects.all().delete()
    written = f'[bills.cloud]\nkind = "focus"\npath = "{path}"\n[costs]\ntag = "team"\n'
    bindings = read_bindings(written, folder / "toban.toml", PARTS.schema)
    return Edition(read_design(_DOCUMENT, "運用設計書.md"), bindings, PARTS.kinds).plan(OPERATION)


def kept(plan: CostPlan) -> Decimal:
    """Take the bill in, and return what all that is kept comes to."""
    look(plan, "0" * 64, datetime(2026, 11, 30, 12, tzinfo=UTC))
    reading = BillReading.objects.get()
    if reading.trouble:
        raise AssertionError(str(reading.trouble))
    return sum(map(Decimal, DayCharge.objects.values_list("billed", flat=True)), Decimal(0)) / MICRO
