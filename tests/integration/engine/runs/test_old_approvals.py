"""Approvals of an older Toban become requests of the engine, with each database."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import json, django; django.setup()
from datetime import UTC, datetime
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
executor = MigrationExecutor(connection)
before = [("runs", "0007_timing")]
executor.migrate(before)
apps = MigrationExecutor(connection).loader.project_state(
    [*before, ("people", "0008_role_setters")]
).apps
nami = apps.get_model("people", "Operator").objects.create(username="nami")
run = apps.get_model("runs", "Run").objects.create(
    work="B005", due_at=NOON, clause_id="batch/batch/B005", document_digest="d", ordered_by="nami",
    reason="awaiting-approval", wake_at=NOON, step="switch", note="", progress_text="",
)
old = apps.get_model("runs", "Approval").objects
asked = {"run": run, "step": "switch", "wanted_of": "運用責任者", "asked_at": NOON}
answered = {"answered_at": NOON, "note": "見ました"}
old.create(**asked, answer="refused", answered_by="gone", is_superseded=True, **answered)
old.create(**asked)
old.create(**{**asked, "step": "before"}, answer="granted", answered_by="nami", **answered)
again = MigrationExecutor(connection)
again.migrate(again.loader.graph.leaf_nodes())
from toban.engine.approvals.models import ApprovalAnswer, ApprovalRequest
from toban.engine.runs.models import Run
print(json.dumps([
    [[each.subject, each.part, each.state, each.role] for each in ApprovalRequest.objects.order_by("pk")],
    [[each.username, each.answer, each.note, each.account_id == nami.pk] for each in
     ApprovalAnswer.objects.order_by("pk")],
    Run.objects.get().orderers == [nami.pk],
], ensure_ascii=False))
"""


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_requests_and_answers_stay_and_open_ones_are_asked_again(
    database: str, request: pytest.FixtureRequest
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=request.getfixturevalue(database), check=False,
        capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    requests, answers, knows_orderer = json.loads(done.stdout)
    # Without a digest, the open one is not current: its run asks again.
    assert requests == [
        ["run/1", "switch", "superseded", "運用責任者"],
        ["run/1", "switch", "open", "運用責任者"],
        ["run/1", "before", "granted", "運用責任者"],
    ]
    assert answers == [["gone", "refused", "見ました", False], ["nami", "granted", "見ました", True]]
    assert knows_orderer
