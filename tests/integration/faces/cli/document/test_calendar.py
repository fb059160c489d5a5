"""`toban calendar` as typed in a shell."""

import json
import os
import re
import subprocess
from pathlib import Path

from tests.forking import run

SHOP = Path(__file__).parents[5] / "examples" / "webshop" / "運用設計書.md"


def toban(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOBAN_")}
    return run(
        ["-m", "toban", "calendar", *arguments],
        env={**kept, "NO_COLOR": "1", "TOBAN_LANGUAGE": "ja", **environment},
    )


def test_the_calendar_shows_the_month_end_of_the_shop_and_overlaps() -> None:
    done = toban("--design", str(SHOP), "--from", "2028-02-29", "--to", "2028-02-29")

    assert done.returncode == 0
    assert done.stdout.startswith("2028-02-29 (火)\n")
    assert "23:00        バッチ B003 月次請求書生成" in done.stdout
    assert "▲ 重なり: B001" in done.stdout
    assert "1日間、営業日 1日" in done.stdout


def test_daily_entries_are_listed_once_above_twelve_months() -> None:
    done = toban("--design", str(SHOP), "--from", "2027-01-01")

    daily, _, others = done.stdout.partition("2027-01-01 (金) 元日\n")
    assert daily.startswith("毎日\n")
    assert "04:00        バッチ B004 データ集計" in daily
    assert "B004 データ集計" not in others
    # The last day of a month is listed, with the daily entries it overlaps.
    assert others.count("23:00        バッチ B003 月次請求書生成") == 12
    assert "366日間" in others


def test_a_task_is_due_by_the_hours_of_its_role_as_on_the_page(tmp_path: Path) -> None:
    (tmp_path / "ops.md").write_text("""# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 開発担当者 | 田中 | 平日9:00-18:00 |
## 10. 定期作業
### 週次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| エラー分析 | 週次 | 開発担当者 | 見る |
""")
    (tmp_path / "toban.toml").write_text('[people."開発担当者"]\naccount = "dev"\n')

    done = toban("--design", str(tmp_path / "ops.md"), "--from", "2026-04-06", "--to", "2026-04-07")

    assert done.stdout.startswith("2026-04-06 (月)\n  09:00        定期作業 エラー分析")


def test_json_has_the_same_content() -> None:
    done = toban("--design", str(SHOP), "--from", "2027-01-01", "--to", "2027-01-02", "--format", "json")

    first, second = json.loads(done.stdout)["days"]

    assert (first["holiday"]["text"], first["business_day"]) == ("元日", False)
    assert second["holiday"] is None
    assert second["date"] == "2027-01-02"
    assert {entry["start"] for entry in first["entries"] if entry["clause"] == "batch/batch/B004"} == {
        "2027-01-01T04:00:00+09:00"
    }


def test_the_calendar_is_in_english_for_those_who_read_english() -> None:
    span = ("--from", "2027-01-01", "--to", "2027-01-03")

    lines = toban("--design", str(SHOP), *span, TOBAN_LANGUAGE="en").stdout.splitlines()

    assert lines[0] == "Every day"
    assert "2027-01-01 (Fri) New Year's Day" in lines
    assert any(line.startswith("  04:00        Batch B004 データ集計") for line in lines)
    assert re.fullmatch(r"3 days, 0 business days, \d+ overlapping entries", lines[-1])


def test_icalendar_output_is_available() -> None:
    done = toban("--design", str(SHOP), "--from", "2027-01-01", "--to", "2027-01-01", "--format", "ics")

    assert done.stdout.startswith("BEGIN:VCALENDAR\n")
    assert "SUMMARY:バッチ B004 データ集計" in done.stdout


def test_the_bindings_define_the_time_of_a_vague_word(tmp_path: Path) -> None:
    bindings = tmp_path / "toban.toml"
    bindings.write_text('[assumptions]\n"深夜" = "1:30"\n')
    span = ("--from", "2027-01-06", "--to", "2027-01-06", "--format", "json")

    done = toban("--design", str(SHOP), *span, TOBAN_BINDINGS=str(bindings))

    (day,) = json.loads(done.stdout)["days"]
    starts = {entry["clause"]: entry["start"] for entry in day["entries"]}
    assert starts["routine/routine/脆弱性スキャン"] == "2027-01-06T01:30:00+09:00"


def test_an_unreadable_document_is_refused_with_a_hint(tmp_path: Path) -> None:
    missing = toban("--design", str(tmp_path / "ない.md"))
    backwards = toban("--design", str(SHOP), "--from", "2027-01-02", "--to", "2027-01-01")
    (tmp_path / "toban.toml").write_text("[sistem]\n")
    unbound = toban("--design", str(SHOP), "--bindings", str(tmp_path / "toban.toml"))

    assert (missing.returncode, backwards.returncode, unbound.returncode) == (2, 2, 2)
    assert "HINT:" in missing.stderr
    assert "--to" in backwards.stderr
    assert "toban.toml:1" in unbound.stderr
