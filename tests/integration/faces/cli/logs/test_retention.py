"""`toban plan` and `toban retention` with a store of old logs: deletions are announced beforehand."""

import json
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from click.testing import CliRunner, Result
from django.utils import translation
from pytest_django import Settings
from tests.integration.chapters.errors.reported import event
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import PARTS, schema
from tests.telemetry_rows import LogRow, batch_of

from toban.chapters.errors import service
from toban.chapters.errors.intake import intake
from toban.chapters.errors.models import StoredEvent
from toban.chapters.logs.keeping import keeper as keeping
from toban.chapters.logs.keeping.keeper import keeper_of
from toban.chapters.logs.keeping.retention import DayDeletion
from toban.chapters.logs.models import Keeping
from toban.chapters.logs.rules import rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.clock import system_clock
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.store import Telemetry
from toban.faces.cli.document.plan import command as plan
from toban.faces.cli.logs.retention import command as retention

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | 90日 |
"""


@pytest.fixture(scope="module")
def store_url(store: StoreProcess) -> str:
    """A store with two access rows at noon 10, 40 and 50 days ago."""
    rows = [row(back, each) for back in (10, 40, 50) for each in (1, 2)]
    LogStore(store.telemetry).write(batch_of(key_of("shop", "", b"old"), rows))
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


def test_the_plan_states_how_much_a_shorter_retention_would_delete_and_of_which_days(home: Path) -> None:
    told = planned(home, "--format", "json")

    (lost,) = json.loads(told.stdout)["logs"]
    assert (lost["log"], lost["old"], lost["new"], lost["unknown"]) == ("アクセスログ", "90日", "30日", None)
    deletes = lost["deletes"]
    assert (deletes["days"], deletes["rows"], deletes["from"], deletes["to"]) == (2, 4, day(50), day(40))
    assert deletes["bytes"] > 0
    assert told.exit_code == 3


def test_the_text_output_says_what_to_do(home: Path) -> None:
    text = planned(home).stdout

    assert "アクセスログ 90日 → 30日" in text
    assert "消えるもの 2日分 4行 (" in text
    assert f"{day(50)} から {day(40)} まで" in text
    assert "HINT: 文書を替えても、toban retention agree で承認されるまでは削除しません" in text


def test_the_text_output_is_in_english_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOBAN_LANGUAGE", "en")

    with translation.override("en"):
        text = planned(home).stdout
        held = CliRunner().invoke(retention, ["hold", "--reason", "audit"], obj=PARTS).stdout

    assert "Logs that will be deleted" in text
    assert "to be deleted: 4 rows of 2 days (" in text
    assert f"{day(50)} to {day(40)}" in text
    assert ": every kind is not deleted until toban retention release " in held


def test_rows_on_hold_are_not_deleted(home: Path) -> None:
    keeping.hold("access", "調査 2026-11", by="kei", now=system_clock())

    text = planned(home).stdout

    assert "保全中のため消えません" in text
    assert "調査 2026-11" in text


def test_an_unreachable_store_is_reported(home: Path, settings: Settings) -> None:
    settings.TELEMETRY_URL = "http://toban:x@127.0.0.1:9/toban"

    told = planned(home)

    assert "消える量は分かりません" in told.stdout
    assert "ログの置き場が応答しません" in told.stdout
    assert told.exit_code == 3


def test_agreeing_first_says_what_will_be_deleted(home: Path) -> None:
    (home / "運用設計書.md").write_text(DOCUMENT.replace("90日", "30日"), encoding="utf-8")
    Keeping.objects.create(kind="access", agreed="90日")

    asked = CliRunner().invoke(retention, ["agree", "アクセスログ"], input="n\n", obj=PARTS)

    assert "「アクセスログ」の2日分 4行 (" in asked.output
    assert f"{day(50)} から {day(40)} まで" in asked.output
    assert asked.exit_code == 1
    assert Keeping.objects.get(kind="access").agreed == "90日"


def test_a_hold_names_the_days_whose_deletion_had_begun(home: Path) -> None:
    going = DayDeletion("2026-05-10", 1200, 7000, table="logs", kind="access")
    Keeping.objects.create(kind="access", agreed="90日", going=[list(going)])

    held = CliRunner().invoke(retention, ["hold", "アクセスログ", "--reason", "調査"], obj=PARTS)
    Keeping.objects.update(going=[])
    later = CliRunner().invoke(retention, ["hold", "--reason", "調査"], obj=PARTS)

    assert "保全より前に削除を始めていた日: 2026-05-10 (1,200行)" in held.stdout
    assert (later.exit_code, "始めていた" in later.stdout) == (0, False)


def test_the_list_names_held_kinds_as_the_document_does(home: Path) -> None:
    keeping.hold("access", "調査", by="kei", now=system_clock())
    keeping.hold("debug", "文書にもうない種別", by="kei", now=system_clock())

    listed = CliRunner().invoke(retention, ["list"], obj=PARTS).stdout

    assert ": アクセスログ 調査 (kei)" in listed
    assert ": debug 文書にもうない種別 (kei)" in listed


@pytest.fixture
def sentry(home: Path) -> Path:
    """A shop that only sends events, from 10, 40 and 50 days ago; new.md keeps them for 30 days."""
    text = DOCUMENT.replace("アクセスログ | HTTP | Toban", "エラーログ | 例外 | Sentry")
    (home / "運用設計書.md").write_text(text, encoding="utf-8")
    (home / "new.md").write_text(text.replace("90日", "30日"), encoding="utf-8")
    for back in (10, 40, 50):
        at = system_clock() - timedelta(days=back)
        intake.take("shop", event(f"Of{back}", at=at), at)
    return home


def test_the_plan_states_how_many_events_a_shorter_retention_would_delete(sentry: Path) -> None:
    (lost,) = json.loads(planned(sentry, "--format", "json").stdout)["logs"]
    text = planned(sentry).stdout

    events, hours = lost["deletes"]["beside"]
    assert (lost["deletes"]["rows"], events["what"], events["count"]) == (0, "events", 2)
    assert events["bytes"] == sum(len(each.content) for each in StoredEvent.objects.order_by("pk")[1:])
    assert hours == {"what": "hours", "count": 2, "bytes": 0}
    assert "消えるもの エラーのイベント 2件 (" in text
    assert "HINT: 文書を替えても、toban retention agree で承認されるまでは削除しません" in text


def test_events_are_deleted_only_once_somebody_agrees(sentry: Path, store_url: str) -> None:
    Keeping.objects.create(kind="error", agreed="90日")
    text = (sentry / "new.md").read_text(encoding="utf-8")
    (sentry / "運用設計書.md").write_text(text, encoding="utf-8")
    design = read_design(text, "運用設計書.md")
    bindings = read_bindings("", Path("toban.toml"), schema())
    shorter = rules(design, bindings)

    def a_minute() -> int:
        keeper_of(Telemetry(store_url), PARTS.ports).step(shorter, system_clock(), "d")
        agreed = keeping.agreed_to("error", shorter)
        service.forget(design, bindings, system_clock(), is_held=False, agreed=agreed)
        return StoredEvent.objects.count()

    assert a_minute() == 3
    listed = CliRunner().invoke(retention, ["list"], obj=PARTS)
    assert "承認待ち エラーのイベント 2件 (" in listed.stdout

    asked = CliRunner().invoke(retention, ["agree", "エラーログ"], input="y\n", obj=PARTS)

    assert "「エラーログ」のエラーのイベント 2件 (" in asked.output
    assert a_minute() == 1
