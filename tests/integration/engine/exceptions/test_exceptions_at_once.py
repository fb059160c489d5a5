"""Several processes order about the same exception at the same moment, with each database."""

import json
from pathlib import Path

import pytest
from tests.integration.together import at_once, run

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("order_together.py")
PREPARE = """
import sys, django; django.setup()
from tests.integration.engine.exceptions.conftest import asked, edition_of, make_accounts
make_accounts()
if sys.argv[1] == "asked":
    asked(edition_of())
"""
REPORT = """
import json, django; django.setup()
from tests.integration.engine.exceptions.conftest import NOON
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.evidence import ledger
from toban.engine.exceptions.models import RowException
from toban.engine.exceptions.standing import in_force
print(json.dumps([
    RowException.objects.count(),
    len(in_force(NOON)),
    ApprovalAnswer.objects.count(),
    list(ApprovalRequest.objects.values_list("state", flat=True)),
    ledger.verify().broken is None,
]))
"""


def test_of_two_requests_for_the_same_one_is_taken(database: dict[str, str]) -> None:
    run(database, PREPARE, "")

    heard = at_once(database, PROGRAM, ("request", "sato"), ("request", "kimura"), ("request", "sato"))

    count, _in_force, _answers, states, is_whole = json.loads(run(database, REPORT))
    assert (sum(heard), count, states, is_whole) == (1, 1, ["open"], True)


def test_an_approval_and_a_withdrawal_at_once_leave_one_of_them(database: dict[str, str]) -> None:
    run(database, PREPARE, "asked")

    approved, twice, ended = at_once(
        database, PROGRAM, ("approve", "tanaka"), ("approve", "tanaka"), ("end", "sato")
    )

    count, in_force, answers, states, is_whole = json.loads(run(database, REPORT))
    # Whoever comes first, it is over in the end: what is approved can still be ended.
    assert (ended, count, in_force, is_whole) == (1, 1, 0, True)
    assert approved + twice == answers <= 1
    assert states == ["superseded"]
