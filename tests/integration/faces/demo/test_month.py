"""A part of the demo's month, lived through by the engine with a real store and a real state."""

import json
from pathlib import Path
from typing import Any

import pytest
from tests.forking import run
from tests.integration.engine.telemetry.conftest import StoreProcess

pytestmark = pytest.mark.slow

PROGRAM = Path(__file__).with_name("living.py")
WEBSHOP = Path(__file__).parents[5] / "examples" / "webshop"


@pytest.fixture
def lived(tmp_path: Path, sqlite: dict[str, str]) -> dict[str, Any]:
    with StoreProcess(tmp_path / "store") as store:
        own = {
            "TOBAN_TELEMETRY_URL": store.telemetry_url,
            "TOBAN_DESIGN": str(WEBSHOP / "運用設計書.md"),
            "TOBAN_BINDINGS": str(WEBSHOP / "toban.toml"),
        }
        done = run([PROGRAM], env=sqlite | own, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_month_is_lived_through_as_the_live_engine_would(lived: dict[str, Any]) -> None:
    assert lived["days"] == ["2026-11-04", "2026-11-05", "2026-11-06"]
    assert lived["opened"] == lived["rehearsed"]
    assert len(lived["opened"]) == 2
    assert lived["is_whole"]
    assert lived["unmarked"] == 0
    assert lived["flips"] <= 2, "a quiet row is judged once, not at each look"
    assert lived["B004"] == [["done", 2], ["done", 1], ["done", 1]]
    assert [state for state, _ in lived["B002"]] == ["failed", "done", "done"]
    assert [state for state, _ in lived["looks"]] == ["missed", "done", "missed"]
    assert ["admin", True] in lived["signed"], "what was handed on"
    assert ["kai", False] in lived["signed"], "what was declined"
    assert lived["incidents"] == [["kai", True]]
    assert lived["approved"] == ["運用責任者"]
    assert lived["excepted"] == ["2026-11-05"]
    assert "reports.note-made-up" in lived["notes"]
    assert lived["reported"] == 1
