"""A hold that is ordered while old days are being deleted: what existed at the acknowledgement stays."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.chapters.logs.keeping.test_keeper import fill
from tests.integration.engine.telemetry.conftest import StoreProcess

HOLDER = Path(__file__).with_name("holder.py")
ROOT = Path(__file__).parents[4]


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
@pytest.mark.parametrize("when", ["before", "during"])
def test_no_day_is_deleted_after_a_hold_was_acknowledged(
    database: str, when: str, store: StoreProcess, request: pytest.FixtureRequest
) -> None:
    environment = request.getfixturevalue(database)
    store.telemetry.do("TRUNCATE TABLE logs", {})
    fill(store.telemetry, "access", 0, 91, 200)

    found = subprocess.run(
        [sys.executable, str(HOLDER), store.telemetry_url, when],
        env={**environment, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        text=True,
        timeout=120,
        check=True,
    )

    happened = json.loads(found.stdout.splitlines()[-1])
    *deleted, last = happened["told"]
    assert last == "acknowledged"
    # The database decides which of the two continues after a deletion.
    assert len(deleted) in {"before": (0,), "during": (1, 2)}[when]
    assert happened["stay"] == [0, 91, 200][: 3 - len(deleted)]
