"""Several processes answer the same request at the same moment, with each database."""

import json
from pathlib import Path

import pytest
from tests.integration.together import at_once, run

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("answer_together.py")
PREPARE = """
import sys, django; django.setup()
from tests.integration.engine.approvals.conftest import ACCOUNTS, PAIR, asked, edition_of
from toban.engine.approvals.rules import ApprovalTerms
from toban.engine.people.models import Operator
for name, role in ACCOUNTS.items():
    Operator.objects.create_user(name, f"{name}@example.com", operator_role=role)
asked(edition_of(bindings=PAIR), terms=ApprovalTerms("運用責任者", people=int(sys.argv[1])))
"""
BREAK = """
import django; django.setup()
from tests.integration.engine.approvals.conftest import MONDAY, PAIR, edition_of, giver
from toban.engine.approvals.answers import break_glass
from toban.engine.approvals.models import ApprovalRequest
shown, by = ApprovalRequest.objects.get().digest, giver("sato", has_proved=True)
break_glass(1, "本番が停止中", shown=shown, by=by, edition=edition_of(bindings=PAIR), now=MONDAY)
"""
REPORT = """
import json, django; django.setup()
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest, BreakGlass
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
print(json.dumps([
    ApprovalRequest.objects.get().state,
    ApprovalAnswer.objects.count(),
    BreakGlass.objects.count(),
    LedgerEntry.objects.filter(kind="audit").count(),
    ledger.verify().broken is None,
]))
"""


def test_one_decision_is_made_and_everything_else_comes_too_late(database: dict[str, str]) -> None:
    run(database, PREPARE, "1")

    heard = at_once(
        database,
        PROGRAM,
        ("grant", "tanaka"),
        ("grant", "suzuki"),
        ("refuse", "tanaka"),
        ("break", "sato"),
    )

    state, answers, broken, audits, is_whole = json.loads(run(database, REPORT))
    assert sorted(heard) == [0, 0, 0, 1]
    assert (answers + broken, audits, is_whole) == (1, 1, True)
    assert state in ("granted", "refused", "broken-glass")


def test_what_went_ahead_is_reviewed_once(database: dict[str, str]) -> None:
    run(database, PREPARE, "1")
    run(database, BREAK)

    heard = at_once(database, PROGRAM, ("review", "tanaka"), ("review", "suzuki"), ("review", "boss"))

    state, _answers, broken, audits, is_whole = json.loads(run(database, REPORT))
    assert sorted(heard) == [0, 0, 1]
    assert (state, broken, audits, is_whole) == ("broken-glass", 1, 2, True)


def test_one_person_never_fills_two_places(database: dict[str, str]) -> None:
    run(database, PREPARE, "2")

    heard = at_once(database, PROGRAM, ("grant", "tanaka"), ("grant", "tanaka"), ("grant", "tanaka"))

    state, answers, _broken, audits, is_whole = json.loads(run(database, REPORT))
    assert sum(heard) == 1
    assert (state, answers, audits, is_whole) == ("open", 1, 1, True)
