"""Several managers decide about the same account at the same moment, with each database."""

import json
from pathlib import Path

import pytest
from tests.integration.chapters.accounts.place import BINDINGS
from tests.integration.together import at_once, run

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("decide_together.py")
PREPARE = """
import sys, django; django.setup()
from pathlib import Path
from tests.integration.chapters.accounts.place import Place
from toban.chapters.accounts.rows.shown import shown_now
from toban.engine.people.models import Operator, OperatorRole
Operator.objects.create(username="boss", operator_role=OperatorRole.MANAGER)
place = Place(Path(sys.argv[1]))
place.write("vpn", "root2,,yes,,,")
place.look()
print(shown_now("vpn", "root2", place.plan))
"""
REPORT = """
import json, django; django.setup()
from toban.chapters.accounts.models import AccessDecision, AccessRemoval
from toban.engine.evidence import ledger
print(json.dumps([
    list(AccessDecision.objects.values_list("is_kept", flat=True)),
    AccessRemoval.objects.filter(withdrawn_at=None).count(),
    ledger.verify().broken is None,
]))
"""


def test_one_decision_is_made_and_the_others_are_told_of_it(database: dict[str, str], tmp_path: Path) -> None:
    (tmp_path / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    place = str(tmp_path)
    shown = run(database, PREPARE, place).strip()

    heard = at_once(
        database,
        PROGRAM,
        ("keep", "uehara", place, shown),
        ("revoke", "boss", place, shown),
        ("keep", "boss", place, shown),
    )

    (is_kept,), removals, is_whole = json.loads(run(database, REPORT))
    assert sorted(heard) == [0, 0, 1]
    assert (removals, is_whole) == (0 if is_kept else 1, True)
