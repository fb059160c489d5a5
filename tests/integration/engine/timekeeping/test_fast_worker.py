"""A whole worker beside a real PostgreSQL: with a wrong clock it decides nothing."""

import json
from pathlib import Path

from tests.forking import run

PROGRAM = Path(__file__).with_name("fast_worker.py")
DESIGN = """# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 処理内容 |
|---|---|---|---|
| B001 | 集計 | 日次 2:00 | 集計する |
"""
BINDINGS = """[batches.B001]
kind = "command"
command = ["true"]
"""


def look(environment: dict[str, str], folder: Path, ahead: int) -> dict[str, object]:
    design, bindings = folder / "運用設計書.md", folder / "toban.toml"
    design.write_text(DESIGN, encoding="utf-8")
    bindings.write_text(BINDINGS, encoding="utf-8")
    own = {
        "TOBAN_DESIGN": str(design),
        "TOBAN_BINDINGS": str(bindings),
        "TOBAN_TELEMETRY_URL": "http://127.0.0.1:1",
    }
    done = run([PROGRAM, ahead], env={**environment, **own}, check=True)
    found: dict[str, object] = json.loads(done.stdout)
    return found


def test_a_worker_eleven_minutes_fast_decides_nothing_until_its_clock_is_right(
    postgres: dict[str, str], tmp_path: Path
) -> None:
    wrong, right = (look(postgres, tmp_path, minutes) for minutes in (11, 0))

    assert wrong == {"leads": False, "works": 0, "evidence": []}
    assert (right["leads"], right["works"]) == (True, 1)
    assert "document" in str(right["evidence"])


def test_workers_of_one_machine_on_sqlite_compare_no_clocks(sqlite: dict[str, str], tmp_path: Path) -> None:
    fast = look(sqlite, tmp_path, 11)

    assert (fast["leads"], fast["works"]) == (True, 1)
