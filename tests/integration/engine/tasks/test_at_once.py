"""Several processes act on one task at the same moment, with each database."""

import json
from pathlib import Path

import pytest
from tests.integration.together import at_once, run

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("sign_together.py")
PREPARE = """
import django; django.setup()
from tests.integration.engine.tasks.conftest import ACCOUNTS, HOUR, MONDAY, edition_of, shown, task, tick
from toban.engine.people.models import Operator
for name in ACCOUNTS:
    Operator.objects.create_user(name)
for now in (MONDAY, MONDAY + HOUR / 2):
    tick(edition_of(), now)
from toban.engine.approvals.holders import accounts_holding
nine = MONDAY + HOUR / 2
print(accounts_holding(edition_of(), "開発担当者", nine)[0].username, shown(edition_of(), task(), nine))
"""
REPORT = """
import json, django; django.setup()
from tests.integration.engine.tasks.conftest import task
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.tasks.models import SignOff
run = task()
ends = LedgerEntry.objects.filter(kind="verdict", content__run=run.pk).count()
print(json.dumps([run.state, SignOff.objects.count(), ends, ledger.verify().broken is None]))
"""


def test_a_task_ends_once_whoever_acts_on_it_together(database: dict[str, str]) -> None:
    mine, digest = run(database, PREPARE).split()

    acts = ("sign", "sign", "decline", "hand-on", "close")
    heard = sum(at_once(database, PROGRAM, *((verb, mine, digest) for verb in acts)))

    state, signed, ends, is_whole = json.loads(run(database, REPORT))
    assert state in ("done", "missed")
    assert (heard, ends, is_whole) == (signed, 1, True)
    assert signed <= 1
