"""The document's rows about the format and the levels of logs, compared with the lines that arrived."""

from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import schema

from toban.chapters.logs.intake.lines import BatchOrigin, LineReader
from toban.chapters.logs.practice import service, unwanted
from toban.chapters.logs.rules import rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence.models import ClauseStatus
from toban.engine.telemetry.logs.rows import InsertBatch, LogStore, key_of
from toban.engine.telemetry.store import Telemetry

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 11, 26, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
DESIGN = read_design(
    """\
# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アプリログ | 経過 | Toban | 90日 |

### ログフォーマット (JSON)
```json
{"timestamp": "2026-04-01T03:15:42Z", "level": "INFO", "message": "m", "requestId": "r", "cart": 3}
```

### ログレベル
| レベル | 用途 | 本番環境出力 |
|---|---|---|
| DEBUG | 細部 | × |
| INFO | 通常 | ○ |
| CRITICAL | 故障 | ○ |
""",
    "運用設計書.md",
)
FORMAT = "logs/log-format/ログフォーマット-(JSON)"
WHOLE = {"level": "INFO", "message": "order", "requestId": "r1", "cart": 3}


@pytest.fixture
def telemetry(store: StoreProcess) -> Telemetry:
    store.telemetry.do("TRUNCATE TABLE logs", {})
    unwanted._noted.clear()
    return store.telemetry


def look(telemetry: Telemetry, *lines: dict[str, object], bindings: str = "") -> None:
    """Take *lines* in as the intake does, and look at what arrived."""
    bound = read_bindings(bindings, Path("toban.toml"), schema())
    of_edition = rules(DESIGN, bound)
    if lines:
        stamped = [{"timestamp": (NOW - timedelta(minutes=5)).isoformat(), **line} for line in lines]
        body = b"\n".join(map(orjson.dumps, stamped))
        reading = LineReader(of_edition).read(body, BatchOrigin("shop"), NOW)
        LogStore(telemetry).write(InsertBatch(key_of("shop", str(lines), b""), reading.rows))
        unwanted.note("shop", reading.dropped, NOW)
    service.look(telemetry, DESIGN, of_edition, "toban.toml", NOW)


def shown(clause: str) -> ClauseStatus:
    return ClauseStatus.objects.get(clause_id=clause)


def level(name: str) -> str:
    return shown(f"logs/log-level/{name}").verdict


def test_before_any_line_the_rows_say_how_to_send_logs(telemetry: Telemetry) -> None:
    look(telemetry)

    assert {each.verdict for each in ClauseStatus.objects.all()} == {"unbound"}
    assert "[senders]" in str(shown(FORMAT).reason)


def test_a_level_that_production_does_not_write_is_a_deviation_when_it_arrives(telemetry: Telemetry) -> None:
    look(telemetry, WHOLE, {**WHOLE, "level": "DEBUG"})

    assert level("DEBUG") == "deviating"
    assert "送信元「shop」" in str(shown("logs/log-level/DEBUG").reason)


def test_a_written_level_conforms_and_one_that_was_never_heard_had_no_occasion(telemetry: Telemetry) -> None:
    look(telemetry, WHOLE)

    assert (level("DEBUG"), level("INFO"), level("CRITICAL")) == ("conforming", "conforming", "not-due")


def test_levels_of_logs_that_are_not_from_production_are_not_judged(telemetry: Telemetry) -> None:
    look(telemetry, WHOLE, bindings="[logs]\nproduction = false\n")

    assert Counter(map(level, ("DEBUG", "INFO", "CRITICAL"))) == {"declared": 3}


def test_the_share_of_lines_in_the_documents_format_is_shown_with_examples(telemetry: Telemetry) -> None:
    look(telemetry, *[WHOLE] * 3, {"level": "INFO", "message": "cron ended", "requestId": "r2"})

    row = shown(FORMAT)
    assert (row.verdict, str(row.value)) == ("deviating", "75.0% が形式どおり")
    assert "欠けている項目: cart (1 行)" in str(row.reason)
    assert "cron ended" in str(row.reason)


def test_a_format_that_all_lines_have_conforms(telemetry: Telemetry) -> None:
    look(telemetry, WHOLE)

    assert (shown(FORMAT).verdict, str(shown(FORMAT).value)) == ("conforming", "100.0% が形式どおり")


def test_a_few_lines_astray_are_a_warning(telemetry: Telemetry) -> None:
    look(telemetry, *[{**WHOLE, "cart": number} for number in range(1, 40)], {**WHOLE, "requestId": ""})

    assert shown(FORMAT).verdict == "warning"
