"""The lines of the loggers that people use: none is lost or doubled, level and time are right."""

import json
import tomllib
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
from tests.registered import schema
from tests.telemetry_rows import LogRow, log_rows

from toban.chapters.logs.formats import FORMATS
from toban.chapters.logs.formats.convert import Surroundings
from toban.chapters.logs.intake.lines import BatchOrigin, LineReader, LineReading
from toban.chapters.logs.rules import rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.senders import LogFormat

LINES: list[dict[str, Any]] = tomllib.loads(
    (Path(__file__).parent / "loggers.toml").read_text(encoding="utf-8")
)["line"]
NOW = datetime(2026, 12, 1, 12, 0, tzinfo=UTC)
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アプリログ | 処理 | CloudWatch Logs | 90日 |
"""
RULES = rules(read_design(DOCUMENT, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))


def read(form: LogFormat, lines: list[str]) -> LineReading:
    body = FORMATS[form]("\n".join(lines).encode(), Surroundings(RULES.zone, NOW))
    return LineReader(RULES).read(body, BatchOrigin("shop"), NOW)


@pytest.mark.parametrize(
    "line", [pytest.param(each, id=f"{each['logger']} {number}") for number, each in enumerate(LINES)]
)
def test_a_logger_s_line_keeps_its_level_time_and_message(line: dict[str, Any]) -> None:
    reading = read(line.get("format", "json"), [line["written"]])

    assert reading.refused == []
    (row,) = log_rows(reading.rows)
    at = datetime.fromtimestamp(row.at, UTC)
    assert (row.level, at, row.message) == (line["level"], line.get("at", NOW), line["message"])
    assert {name: getattr(row, name) for name in line.get("fields", {})} == line.get("fields", {})


@pytest.mark.parametrize("form", get_args(LogFormat))
def test_none_of_the_lines_sent_together_is_lost_or_doubled(form: LogFormat) -> None:
    some = [line for line in LINES if line.get("format", "json") == form]

    reading = read(form, [line["written"] for line in some])

    assert (reading.refused, reading.dropped) == ([], Counter())
    rows: list[LogRow] = log_rows(reading.rows)
    assert [(row.level, row.message) for row in rows] == [(line["level"], line["message"]) for line in some]


@pytest.mark.parametrize("form", ["text", "docker"])
@pytest.mark.parametrize("line", [line for line in LINES if line.get("format", "json") == "json"])
def test_a_line_of_json_says_the_same_in_a_file_of_text_or_of_docker(
    form: LogFormat, line: dict[str, Any]
) -> None:
    entry = {"log": f"{line['written']}\n", "stream": "stdout", "time": NOW.isoformat()}
    written = {"text": line["written"], "docker": json.dumps(entry)}[form]

    (row,) = log_rows(read(form, [written]).rows)

    assert (row.level, row.message) == (line["level"], line["message"])
    assert datetime.fromtimestamp(row.at, UTC) == line.get("at", NOW)
