"""What people had decided under an older Toban counts under this one, with each database."""

import json
import subprocess
import sys

import pytest

pytestmark = pytest.mark.slow

PROGRAM = """
import json, django; django.setup()
from datetime import UTC, datetime, timedelta
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
executor = MigrationExecutor(connection)
before = [("approvals", "0008_setters_and_makers"), ("people", "0006_password_setters")]
executor.migrate(before)
apps = MigrationExecutor(connection).loader.project_state(before).apps
account = apps.get_model("people", "Operator").objects.create
make = lambda name: apps.get_model("approvals", name).objects.create
nami, aki = account(username="nami", lockouts=1), account(username="aki", lockouts=3)
make("Delegation")(
    role="r", giver=aki, taker=nami, giver_person="a", taker_person="n", reason="r",
    starts_at=NOON, ends_at=NOON + timedelta(days=1), made_at=NOON, ended_because="",
)
for number, (who, by) in enumerate([(nami, "nami"), (None, "shell:root")]):
    request = make("ApprovalRequest")(
        subject=f"run/{number}", digest="d", title="", role="r", asked_at=NOON, expires_at=NOON,
        valid_for=timedelta(hours=1), state="broken-glass",
    )
    shell_user = by.removeprefix("shell:")
    make("BreakGlass")(request=request, account=who, by=by, shell_user=shell_user, reason="r", at=NOON)
again = MigrationExecutor(connection)
again.migrate(again.loader.graph.leaf_nodes())
from toban.engine.approvals.models import BreakGlass, Delegation
given = Delegation.objects.select_related("giver").get()
broken = BreakGlass.objects.order_by("pk")
print(json.dumps([given.lockouts == given.giver.lockouts, [each.stands for each in broken]]))
"""


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_what_was_delegated_and_went_ahead_still_stands(
    database: str, request: pytest.FixtureRequest
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=request.getfixturevalue(database), check=False,
        capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [True, [True, True]]
