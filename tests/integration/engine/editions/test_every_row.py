"""Every row of the demo's document is in a state that a reader agrees with."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast
from zoneinfo import ZoneInfo

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS

from toban.design.reader import load_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.editions.standing import standing
from toban.engine.evidence import status
from toban.engine.evidence.models import ClauseStatus
from toban.engine.evidence.verdict import Verdict
from toban.engine.operation import Workplace, rows_of
from toban.engine.telemetry.buffer import SampleBuffer

if TYPE_CHECKING:
    from toban.engine.notify.delivery.lead import Lead

pytestmark = pytest.mark.django_db(transaction=True)

REACHING_OUT = {"measure", "deliver", "lifeline"}
"""Loops that measure and send in threads of their own."""
NOW = datetime(2026, 4, 1, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
DEMO = load_design(Path(__file__).parents[4] / "examples" / "webshop" / "運用設計書.md")


def states(store: StoreProcess, bindings: str) -> Mapping[str, ClauseStatus]:
    """Return the states after the loops of every extension have done one step each."""
    store.telemetry.do("TRUNCATE TABLE logs", {})
    edition = Edition(DEMO, read_bindings(bindings, Path("toban.toml"), PARTS.schema), PARTS.kinds)
    shown = standing(edition, rows_of(edition, PARTS.operations), NOW)
    status.show(list(shown), NOW, DEMO.digest)
    lead = cast("Lead", SimpleNamespace(require=lambda: None, term=1, followed=0))
    samples = SampleBuffer(store.telemetry)
    at = Workplace(lambda: NOW, store.telemetry, samples, lead, PARTS.kinds, PARTS.ports)
    for operation in PARTS.operations:
        shift = operation.shift(at)
        try:
            for loop in shift.loops:
                if loop.name not in REACHING_OUT:
                    loop.step(edition, NOW)
        finally:
            shift.close()
    return {each.clause_id: each for each in ClauseStatus.objects.all()}


def by_kind(found: Mapping[str, ClauseStatus]) -> dict[str, set[str]]:
    """Return the states by kind of row."""
    shown: dict[str, set[str]] = defaultdict(set)
    for clause in DEMO.clauses:
        shown[clause.kind].add(found[clause.id].verdict)
    return dict(shown)


WITHOUT_BINDINGS = {
    "objective": {"unbound"},
    "duty-role": {"unbound"},
    "service-hours": {"unbound"},
    "maintenance-window": {"conforming"},
    "monitor": {"unbound"},
    "notification-rule": {"unbound"},
    "tool-choice": {"unbound"},
    "log-kind": {"unbound"},
    "log-format": {"unbound"},
    "log-level": {"unbound"},
    "backup-policy": {"unbound"},
    "backup-procedure": {"unbound"},
    "restore-procedure": {"unbound"},
    "recovery-objective": {"unbound"},
    "deploy-flow": {"unbound"},
    "deploy-rule": {"unbound"},
    "release-schedule": {"unbound"},
    "rollback-procedure": {"unbound"},
    "batch": {"unbound"},
    "scheduler": {"unbound"},
    "batch-retry": {"unbound"},
    "batch-watch": {"unbound"},
    "mfa-rule": {"conforming"},
    "password-policy": {"conforming"},
    "account-removal": {"unbound"},
    "routine": {"unbound"},
    # Those that a row of chapter 10 or 4 leads are bound as that row is.
    "security-routine": {"unbound"},
    "access-review": {"unbound"},
    "audit-review": {"unbound"},
    "managed-document": {"unbound"},
    "document-rule": {"unbound"},
    "resource-usage": {"unbound"},
    "scaling-rule": {"unbound"},
    "capacity-review": {"unbound"},
    "budget": {"unbound"},
    "cost-measure": {"unbound"},
    "decision": {"not-due", "unbound"},
    # People may declare incidents whatever is bound.
    "incident-level": {"not-due"},
    "incident-flow": {"not-due"},
    "failure-pattern": {"unbound"},
}
"""Kind of row → the verdicts of its rows while nothing is bound."""


def test_without_bindings_a_row_is_unbound_only_if_the_hint_says_how_to_bind_it(store: StoreProcess) -> None:
    found = states(store, "")

    assert by_kind(found) == WITHOUT_BINDINGS
    hints = [str(each.reason) for each in found.values() if each.verdict == Verdict.UNBOUND]
    assert [hint for hint in hints if "toban.toml" not in hint or "[" not in hint] == []


def test_no_row_is_declared_only(store: StoreProcess) -> None:
    found = states(store, "")

    assert [each.reason for each in found.values() if each.verdict == Verdict.DECLARED] == []


BOUND = """
[people."運用責任者"]
email = "nami@example.com"
[people."開発担当者"]
email = "kai@example.com"
account = "kai"
[people."緊急連絡先"]
email = "all@example.com"
[channels.slack]
kind = "slack"
webhook = "env:SHOP_SLACK"
channel = "#monitoring"
[channels.mail]
kind = "email"
host = "127.0.0.1"
sender = "toban@example.com"
[errors.shop]
project = 1
key = "env:SHOP_ERRORS"
[batches.B004]
command = ["true"]
"""


def test_what_is_bound_and_not_due_yet_is_neither_green_nor_unmeasurable(store: StoreProcess) -> None:
    found = states(store, BOUND)
    shown = {clause.text.split(":")[0]: found[clause.id] for clause in DEMO.clauses if clause.id in found}

    def of(name: str) -> str:
        return next(each.verdict for text, each in shown.items() if text.startswith(name))

    assert (of("稼働時間"), of("運用責任者"), of("異常 (Critical)")) == (
        "conforming",
        "conforming",
        "not-due",
    )
    assert (of("B004"), of("エラーログ分析"), of("即時検知")) == ("not-due", "not-due", "not-due")
    assert (of("通知の経路"), of("スケジューラー")) == ("not-due", "conforming")
    # An application without errors sends nothing; after a week of silence it is doubted.
    assert of("例外の収集") == "not-due"
