"""Tokens that an older Toban made count under this one as what they are, with each database."""

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
before = [
    ("tokens", "0002_signed_requests"), ("people", "0006_password_setters"), ("evidence", "0010_sent_heads")
]
MigrationExecutor(connection).migrate(before)
apps = MigrationExecutor(connection).loader.project_state(before).apps
entries = []
def make(account, name, by, address):
    apps.get_model("tokens", "ApiToken").objects.create(
        operator=account, name=name, digest=name + account.username, scopes=[], made_at=NOON,
        ends_at=NOON + timedelta(days=90), lockouts=1,
    )
    told(account, name, by, address)
def told(account, name, by, address):
    entries.append({"event": "token-made", "address": address, "token": name, "operator": account.username})
    apps.get_model("evidence", "LedgerEntry").objects.create(
        sequence=len(entries), at=NOON, kind="audit", actor=by, content=entries[-1], digest=f"{len(entries)}",
    )
account = apps.get_model("people", "Operator").objects.create
aki, nami = account(username="aki"), account(username="nami")
make(aki, "ci", "nami", "")
make(aki, "board", "aki", "192.0.2.1")
told(nami, "ci", "nami", "")
make(nami, "ci", "nami", "192.0.2.1")
again = MigrationExecutor(connection)
again.migrate(again.loader.graph.leaf_nodes())
from toban.engine.tokens.models import ApiToken
found = ApiToken.objects.order_by("pk")
print(json.dumps([[each.operator.username, each.name, each.shell_user] for each in found]))
"""


@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_whose_shell_made_a_token_is_known_by_the_evidence(
    database: str, request: pytest.FixtureRequest
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=request.getfixturevalue(database), check=False,
        capture_output=True, text=True,
    )  # fmt: skip

    assert done.returncode == 0, done.stderr
    # The last was revoked once, and made again on the page.
    assert json.loads(done.stdout) == [["aki", "ci", "nami"], ["aki", "board", ""], ["nami", "ci", ""]]
