"""The game day of the demo: five failures are made, and everything answers within the document's limits."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.running import CHANNELS, SHOP, Inbox, Toban, wait_for, without
from tests.forking import run

from toban.design.clauses.incident import FailurePattern
from toban.design.reader import load_design

pytestmark = pytest.mark.slow

FAILURES = [row.name for row in load_design(SHOP / "運用設計書.md").of(FailurePattern)]
PARTS = ["alert", "told", "incident", "response", "remedy", "recovered", "report"]
MEASURED = (
    "SELECT count(*) FROM evidence_clausestatus"
    " WHERE verdict = 'not-measurable' AND clause_id LIKE 'monitoring/monitor/%'"
)
OPEN = "SELECT count(*) FROM incident_incident WHERE closed_at IS NULL"
VERDICTS = """
SELECT clause_id, verdict FROM evidence_clausestatus
WHERE clause_id LIKE 'incident/failure-pattern/%'
   OR clause_id IN ('decisions/decision/障害対応/即時検知', 'decisions/decision/障害対応/迅速復旧')
"""
NOT_DRILLS = "SELECT count(*) FROM incident_incident WHERE NOT is_drill"


def _bindings(folder: Path, smtp_port: int) -> Path:
    """Return the shop's own bindings with the channels of this test."""
    written = (SHOP / "toban.toml").read_text(encoding="utf-8")
    written = without(written, "channels")
    # How busy the machine of the tests is says nothing about the shop: it would be an incident of its own.
    written = re.sub(r'\n\[targets\."APIサーバー"\]\n(?:.+\n)+', "\n", written)
    written = written.replace('  { kind = "host", instance = "db-1", up = false },\n', "")
    channels = CHANNELS.format(smtp_port=smtp_port)
    path = folder / "toban.toml"
    path.write_text(written + channels, encoding="utf-8")
    return path


@pytest.fixture(scope="module")
def toban(folder: Path, slack: tuple[Inbox, str], mail: tuple[Inbox, int]) -> Iterator[Toban]:
    running = Toban(folder / "home", _bindings(folder, mail[1]), slack=slack[1])
    try:
        running.start()
        yield running
    finally:
        running.leave()


@pytest.fixture(scope="module")
def held(toban: Toban, folder: Path) -> list[dict[str, Any]]:
    """What one command has shown of all five failures."""
    assert toban.run("account", "kai").returncode == 0
    wait_for(lambda: toban.state(MEASURED) == [(0,)], within=120)
    words = ["drill", "incident", "--yes", "--format", "json", "--pdf", str(folder / "certificates")]
    done = run(["-m", "toban", *words], env=toban.environment)
    assert done.returncode in (0, 1), done.stderr + toban.run("incident", "show", "1").stdout
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_all_five_failures_are_recovered_inside_their_clocks(held: list[dict[str, Any]]) -> None:
    assert [each["failure"] for each in held] == FAILURES
    missed = {
        each["failure"]: [part for part in each["parts"] if not part["passed"]]
        for each in held
        if each["state"] != "passed"
    }

    assert missed == {}
    assert all([part["part"] for part in each["parts"]] == PARTS for each in held)
    assert all(each["incident"] and each["evidence"] for each in held)


def test_each_has_a_certificate(held: list[dict[str, Any]], folder: Path) -> None:
    made = {path.name for path in (folder / "certificates").iterdir()}

    assert made == {f"game-day-{each['game_day']}.pdf" for each in held}


def test_no_incident_of_a_game_day_is_left_open_or_taken_for_a_real_one(
    toban: Toban, held: list[dict[str, Any]]
) -> None:
    assert held
    assert wait_for(lambda: toban.state(OPEN) == [(0,)], within=120)
    assert toban.state(NOT_DRILLS) == [(0,)]


def test_the_shop_is_whole_again(toban: Toban, held: list[dict[str, Any]]) -> None:
    assert held
    assert all(toban.child(name)["phase"] == "ready" for name in ("shop-db", "shop-api", "shop-web"))
    place = toban.home / "webshop"
    assert not any((place / "switches").iterdir())
    assert not list((place / "log").glob("access.log.2001-*"))


def test_the_rows_about_it_are_kept_by_evidence(toban: Toban, held: list[dict[str, Any]]) -> None:
    assert held

    def verdicts() -> dict[str, str]:
        return dict(toban.state(VERDICTS))

    assert wait_for(lambda: set(verdicts().values()) == {"conforming"}, within=60, lacks=verdicts)
    assert len(verdicts()) == len(FAILURES) + 2


def test_the_evidence_of_it_all_is_whole(toban: Toban, held: list[dict[str, Any]]) -> None:
    assert held
    assert toban.run("evidence", "verify").returncode == 0
