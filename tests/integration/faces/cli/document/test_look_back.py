"""`toban plan --days` beside a Toban that has measured: text, JSON, annotations, exit statuses."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from click.testing import CliRunner, Result
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.design.values.metric import Metric
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.editions.edition import Edition
from toban.engine.telemetry.samples import Sample
from toban.faces.cli import kept
from toban.faces.cli.document import plan

pytestmark = pytest.mark.django_db

DOCUMENT = """# 運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
| Web | CPU使用率 | 0-40% | 70% | 85% | 1分 |
"""


@pytest.fixture(autouse=True)
def running(store: StoreProcess, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:
    """A Toban that has measured 70 minutes at 20%, and one peak of 60% in each hour of the last three."""
    store.telemetry.ensure_schema()
    for table in ("samples", "samples_5m"):
        store.told(f"TRUNCATE TABLE {table}")
    start = system_clock().replace(microsecond=0) - timedelta(hours=3)
    samples = [
        Sample(
            Metric.CPU_USAGE, "Web", "web-1", start + timedelta(seconds=30 * n), 60.0 if n % 120 < 6 else 20.0
        )
        for n in range(360)
    ]
    store.telemetry.write(samples, token=uuid4().hex)
    settings.TELEMETRY_URL = store.telemetry_url
    edition = Edition(
        read_design(DOCUMENT, "運用設計書.md"),
        read_bindings("", Path("toban.toml"), PARTS.schema),
        PARTS.kinds,
    )
    monkeypatch.setattr(kept, "kept_edition", lambda _parts, _home: edition)


def toban_plan(tmp_path: Path, limit: str, *arguments: str) -> Result:
    old, new = tmp_path / "old.md", tmp_path / "new.md"
    old.write_text(DOCUMENT, encoding="utf-8")
    new.write_text(DOCUMENT.replace("70%", limit), encoding="utf-8")
    return CliRunner().invoke(plan.command, [str(old), str(new), *arguments], obj=PARTS)


def test_the_alerts_that_a_change_would_have_raised_stand_below_it(tmp_path: Path) -> None:
    result = toban_plan(tmp_path, "50%", "--days", "2")

    lines = [line.strip() for line in result.output.splitlines()]
    assert result.exit_code == 3
    assert "警告: 70% → 50%" in lines
    assert lines[lines.index("警告: 70% → 50%") + 1] == "過去2日に当てはめると"
    assert any(line.startswith("アラート: 0 件 → 3 件 (+3") for line in lines)
    assert any(line.startswith("分かる範囲: ") for line in lines)


def test_json_lists_every_alert(tmp_path: Path) -> None:
    told = json.loads(toban_plan(tmp_path, "50%", "--days", "2", "--format", "json").output)

    (row,) = told["past"]["rows"]
    (found,) = row["found"]
    assert (found["old"]["alerts"], found["new"]["alerts"], len(found["new"]["newest"])) == (0, 3, 3)


def test_a_check_fails_only_if_the_past_speaks_against_the_change(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    harmless = toban_plan(tmp_path, "80%", "--check", "--days", "2")
    monkeypatch.setattr("toban.chapters.monitoring.replaying.hindsight.is_at_night", lambda _at, _zone: True)
    against = toban_plan(tmp_path, "50%", "--check", "--days", "2", "--format", "github")

    assert harmless.exit_code == 0
    assert against.exit_code == 4
    assert against.output.startswith("::warning file=")


def test_a_row_that_can_no_longer_be_read_does_not_pass_a_check(tmp_path: Path) -> None:
    result = toban_plan(tmp_path, "高いとき", "--check", "--days", "2", "--format", "github")

    assert result.exit_code == 4
    assert any(
        line.startswith("::warning file=") and ",line=8,title=読み取れない行::" in line
        for line in result.output.splitlines()
    )
