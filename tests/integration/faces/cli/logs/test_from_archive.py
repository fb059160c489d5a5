"""`toban logs --from-archive` as typed in a shell: archived and deleted rows are found by the same search."""

import json
import os
import subprocess
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.forking import run
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS
from tests.telemetry_rows import LogRow, batch_of

from toban.chapters.logs.keeping.places import archive_of
from toban.engine.bindings.load import read_bindings
from toban.engine.stores.store import STORE_KINDS
from toban.engine.telemetry.logs.days import LogDays
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.store import Telemetry

pytestmark = pytest.mark.slow

DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | 90日 |
"""
BINDINGS = """
[stores.S3]
kind = "directory"
path = "archive"

[logs.archive]
store = "S3"
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home whose archive contains a day of May, and whose store is empty."""
    home = tmp_path_factory.mktemp("home")
    (home / "archive").mkdir()
    (home / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (home / "toban.toml").write_text(BINDINGS, encoding="utf-8")
    parts = PARTS
    bindings = read_bindings(BINDINGS, home / "toban.toml", parts.schema)
    with StoreProcess(tmp_path_factory.mktemp("store") / "store") as child:
        telemetry = child.telemetry = Telemetry(child.telemetry_url)
        rows = [
            LogRow(
                "access", "2026-05-10", datetime(2026, 5, 10, 3, number, tzinfo=UTC).timestamp(), "INFO",
                "shop-api", f"request {number} done", "", f"req-{number}", "", "", "", "GET", "/orders", 200,
                12.0, {}, "shop", number,
            )
            for number in range(1, 6)
        ]  # fmt: skip
        LogStore(telemetry).write(batch_of(key_of("shop", "", b"five"), rows))
        archive = archive_of(bindings, parts.kinds.of(STORE_KINDS), telemetry)
        assert archive is not None
        (part,) = LogDays(telemetry).parts()
        archive.keep(part, datetime(2026, 11, 26, tzinfo=UTC))
    return home


def logs(home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "TOBAN_TELEMETRY_URL"}
    # Nothing runs there, and there is no state: only the archive and the document exist.
    settings = {"TOBAN_HOME": str(home), "TOBAN_DESIGN": str(home / "運用設計書.md")}
    return run(["-m", "toban", "logs", *arguments], env={**environment, **settings})


MAY = ("--from-archive", "--from", "2026-05-10T00:00", "--to", "2026-05-11T00:00")


def test_archived_rows_are_found_by_the_same_search(home: Path) -> None:
    done = logs(home, *MAY, "--format", "json", "--limit", "2", "request")

    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["requestId"] for line in done.stdout.splitlines()] == ["req-4", "req-5"]
    assert "1日分" in done.stderr


def test_a_search_without_matches_finds_nothing(home: Path) -> None:
    done = logs(home, *MAY, "level:ERROR")

    assert (done.returncode, done.stdout) == (1, "")


def test_a_time_range_without_archives_is_reported(home: Path) -> None:
    done = logs(home, "--from-archive", "--from", "2025-05-10T00:00", "--to", "2025-05-11T00:00")

    assert done.returncode == 2
    assert "2025-05-10 から 2025-05-11 までのアーカイブはありません" in done.stderr
    assert "HINT:" in done.stderr


def test_without_an_archive_a_hint_says_how_to_get_one(home: Path, tmp_path: Path) -> None:
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text("", encoding="utf-8")

    done = logs(tmp_path, *MAY)

    assert done.returncode == 2
    assert "ログのアーカイブ先がありません" in done.stderr
