"""Billing that is killed at any moment, again and again, and produces the same invoices."""

import hashlib
import json
import subprocess
import sys
import time
from pathlib import Path

import psycopg
import pytest
from tests.integration.examples.invoices.test_invoices import BOUND

from toban.engine import paper

ROOT = Path(__file__).parents[4]
SCRIPT = Path(__file__).with_name("bill.py")
CUSTOMERS = 16
TOLD = """
import django, json; django.setup()
from toban_invoices.models import Revision
rows = Revision.objects.order_by("invoice__number")
print(json.dumps(list(rows.values_list("invoice__number", "invoice__customer", "number", "file", "sha256"))))
"""


@pytest.mark.slow
def test_no_kill_leaves_a_gap_a_duplicate_or_a_partial_file(
    books: str, sqlite: dict[str, str], tmp_path: Path
) -> None:
    try:
        paper.font()
    except paper.NoFont as reason:
        pytest.skip(str(reason))
    with psycopg.connect(books) as connection:
        connection.execute(
            "CREATE TABLE sales AS SELECT n AS customer, 'No. ' || n AS name, '塩' AS item, 100 * n AS yen,"
            " 8 AS rate, timestamptz '2026-11-15 12:00+09' AS at FROM generate_series(1, %s) AS n",
            [CUSTOMERS],
        )
    bindings = tmp_path / "toban.toml"
    bindings.write_text(BOUND.replace("{more}", "").replace("{issuer}", ""), encoding="utf-8")
    environment = {**sqlite, "BOOKS": books, "PYTHONPATH": str(ROOT)}
    folder = tmp_path / "invoices" / "2026-11-30"

    for printed in (1, 6, 12):
        billing = subprocess.Popen([sys.executable, SCRIPT, bindings], env=environment)
        while len(list(folder.glob("*.pdf"))) < printed and billing.poll() is None:
            time.sleep(0.005)
        billing.kill()
        assert billing.wait() == -9
    subprocess.run([sys.executable, SCRIPT, bindings], env=environment, check=True)

    told = json.loads(subprocess.check_output([sys.executable, "-c", TOLD], env=environment))
    assert [(number, customer, revision) for number, customer, revision, *_ in told] == [
        (number, str(number), 1) for number in range(1, CUSTOMERS + 1)
    ]
    digests = {file: hashlib.sha256((folder.parent / file).read_bytes()).hexdigest() for *_, file, _ in told}
    assert digests == {file: sha256 for *_, file, sha256 in told}
    assert len(list(folder.iterdir())) == CUSTOMERS + 1  # the manifest, and no draft left by a kill
