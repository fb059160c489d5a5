"""A real server and a real worker on one PostgreSQL describe themselves, and are told of another key."""

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from tests import asking
from tests.forking import Python, run
from tests.integration.faces.ingest.served import serving

OTHER_KEY = "another secret of this test alone, which nobody else has"


def until(question: Callable[[], object]) -> None:
    for _ in range(600):
        if question():
            return
        time.sleep(0.1)
    pytest.fail("not within a minute")


def test_nodes_describe_themselves_and_one_with_another_key_is_told_everywhere(
    postgres: dict[str, str], tmp_path: Path
) -> None:
    state = {name: postgres[name] for name in ("PGHOST", "TOBAN_STATE_URL")}

    def nodes() -> list[dict[str, Any]]:
        place, rows = "postgresql://postgres@/postgres", psycopg.rows.dict_row
        with psycopg.connect(place, host=state["PGHOST"], row_factory=rows) as asked:
            return asked.execute("SELECT * FROM nodes_nodeprocess ORDER BY program").fetchall()

    with serving(tmp_path, state=state) as served:
        served.prepare()
        served.session = served.act("session")
        other = {**served.environment, "TOBAN_SECRET_KEY": "env:OTHER_KEY", "OTHER_KEY": OTHER_KEY}
        worker = Python(["-m", "toban", "worker"], env=other)
        try:
            until(lambda: [each["program"] for each in nodes()] == ["serve", "worker"])
            until(lambda: all(each["edition_since"] for each in nodes()))
            found = nodes()
            shown = json.loads(
                run(["-m", "toban", "status", "--format", "json"], env=other, check=True).stdout
            )
            text = run(["-m", "toban", "status"], env=other, check=True).stdout
            with served.client() as client:
                page = client.get("/").text
            token = served.act("token", "aki")
            api = asking.get(f"{served.url}/rest/v1/nodes", headers={"Authorization": f"Bearer {token}"})
        finally:
            worker.send_signal(signal.SIGTERM)
            worker.wait(timeout=30)
        until(lambda: [each["program"] for each in nodes()] == ["serve"])

    assert nodes() == []
    assert len({each["key"] for each in found}) == 2
    assert all(abs(each["ahead_seconds"]) < 2 and each["version"] for each in found)
    assert [each["trouble"] for each in shown["node_findings"]] == ["keys"]
    assert [each["program"] for each in shown["nodes"]] == ["serve", "worker"]
    for said in (text, page):
        assert "ノードの秘密鍵が一致しません" in said
    assert [each["trouble"] for each in api.json()["findings"]] == ["keys"]
    for said in (page, text, api.text, json.dumps(shown)):
        assert OTHER_KEY not in said
        assert "a secret of this test" not in said


def test_a_node_that_was_killed_is_replaced_by_its_successor(
    postgres: dict[str, str], tmp_path: Path
) -> None:
    state = {name: postgres[name] for name in ("PGHOST", "TOBAN_STATE_URL")}

    def pids() -> list[int]:
        with psycopg.connect("postgresql://postgres@/postgres", host=state["PGHOST"]) as asked:
            return [pid for (pid,) in asked.execute("SELECT pid FROM nodes_nodeprocess").fetchall()]

    with serving(tmp_path, state=state) as served:
        until(pids)
        before = pids()
        served.process.send_signal(signal.SIGKILL)
        served.process.wait(timeout=30)
        assert pids() == before
        served.launch()
        until(lambda: pids() not in ([], before))

        assert len(pids()) == 1
