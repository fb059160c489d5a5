"""`toban plan` and `toban retention` on a store that holds old logs: what would go is told before it goes."""

import json
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from pytest_django import Settings
from tests.integration.engine.telemetry.conftest import StoreProcess

from toban import wiring
from toban.chapters.logs import keeping
from toban.chapters.logs.models import Keeping
from toban.engine.clock import system_clock
from toban.engine.telemetry.logs import Batch, LogRow, LogStore, key_of
from toban.faces.cli.parts import Parts
from toban.faces.cli.plan import command as plan
from toban.faces.cli.retention import command as retention

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | 90日 |
"""
PARTS = Parts(sources=wiring.SOURCES, channels=wiring.CHANNELS, works=wiring.WORKS, stores=wiring.STORES)


@pytest.fixture(scope="module")
def store_url(store: StoreProcess) -> str:
    """A store with two access rows at noon of 10, 40 and 50 days ago."""
    rows = [row(back, each) for back in (10, 40, 50) for each in (1, 2)]
    LogStore(store.telemetry).write(Batch(key_of("shop", "", b"old"), rows))
    return store.telemetry_url


def day(back: int) -> str:
    return (system_clock().astimezone(TOKYO).date() - timedelta(days=back)).isoformat()


def row(back: int, number: int) -> LogRow:
    at = datetime.combine(datetime.fromisoformat(day(back)), time(12), TOKYO).timestamp()
    return LogRow(
        "access", day(back), at, "INFO", "shop", "", "", "", "", "", "", "", "", 0, 0.0, {}, "shop", number
    )


@pytest.fixture
def home(tmp_path: Path, settings: Settings, store_url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").write_text("", encoding="utf-8")
    (tmp_path / "new.md").write_text(DOCUMENT.replace("90日", "30日"), encoding="utf-8")
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "運用設計書.md"))
    monkeypatch.delenv("TOBAN_BINDINGS", raising=False)
    settings.HOME, settings.TELEMETRY_URL = tmp_path / "home", store_url
    return tmp_path


def planned(home: Path, *options: str) -> Result:
    return CliRunner().invoke(plan, [str(home / "運用設計書.md"), str(home / "new.md"), *options], obj=PARTS)


def test_the_plan_tells_how_much_a_shorter_retention_would_delete_and_of_which_days(home: Path) -> None:
    told = planned(home, "--format", "json")

    (lost,) = json.loads(told.stdout)["logs"]
    assert (lost["log"], lost["old"], lost["new"], lost["unknown"]) == ("アクセスログ", "90日", "30日", "")
    deletes = lost["deletes"]
    assert (deletes["days"], deletes["rows"], deletes["from"], deletes["to"]) == (2, 4, day(50), day(40))
    assert deletes["bytes"] > 0
    assert told.exit_code == 3


def test_people_read_it_with_what_has_to_be_done(home: Path) -> None:
    text = planned(home).stdout

    assert "アクセスログ 90日 → 30日" in text
    assert "消えるもの 2日分 4行 (" in text
    assert f"{day(50)} から {day(40)} まで" in text
    assert "HINT: 文書を替えても、toban retention agree で承認されるまでは削除しません" in text


def test_what_is_held_does_not_go(home: Path) -> None:
    keeping.hold("access", "調査 2026-11", by="kei", now=system_clock())

    text = planned(home).stdout

    assert "保全中のため消えません" in text
    assert "調査 2026-11" in text


def test_a_store_that_is_away_is_told(home: Path, settings: Settings) -> None:
    settings.TELEMETRY_URL = "http://toban:x@127.0.0.1:9/toban"

    told = planned(home)

    assert "消える量は分かりません" in told.stdout
    assert "ログの置き場が答えません" in told.stdout
    assert told.exit_code == 3


def test_agreeing_says_first_what_it_deletes(home: Path) -> None:
    (home / "運用設計書.md").write_text(DOCUMENT.replace("90日", "30日"), encoding="utf-8")
    Keeping.objects.create(kind="access", agreed="90日")

    asked = CliRunner().invoke(retention, ["agree", "アクセスログ"], input="n\n", obj=PARTS)

    assert "「アクセスログ」の 2日分 4行 (" in asked.output
    assert f"{day(50)} から {day(40)} まで" in asked.output
    assert asked.exit_code == 1
    assert Keeping.objects.get(kind="access").agreed == "90日"
