"""`toban plan OLD NEW` as a user or a CI job calls it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from tests.forking import run

ROW_WEB = "| Web | CPU使用率 | 0-70% | 70% | 85% | 1分 |\n"
ROW_DB = "| DB | 接続数 | 0-89 | 90 | 100 | 1分 |\n"
OLD = f"""# 運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
{ROW_WEB}{ROW_DB}
"""


def plan(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(["-m", "toban", "plan", *arguments], env={**os.environ, "LC_ALL": "C", **environment})


@pytest.fixture
def old(tmp_path: Path) -> Path:
    path = tmp_path / "old.md"
    path.write_text(OLD, encoding="utf-8")
    return path


def newer(old: Path, *replacement: tuple[str, str]) -> Path:
    text = OLD
    for before, after in replacement:
        assert before in text
        text = text.replace(before, after)
    path = old.with_name("new.md")
    path.write_text(text, encoding="utf-8")
    return path


def test_same_document_exits_zero(old: Path) -> None:
    # A real process: Japanese is written whatever the locale.
    result = subprocess.run(
        [sys.executable, "-m", "toban", "plan", old, newer(old)],
        env={**os.environ, "LC_ALL": "C"}, check=False, capture_output=True, encoding="utf-8",
    )  # fmt: skip

    assert (result.returncode, result.stdout, result.stderr) == (0, "変更はありません\n", "")


def test_moved_rows_are_not_a_change(old: Path) -> None:
    assert plan(old, newer(old, (ROW_WEB + ROW_DB, ROW_DB + ROW_WEB))).returncode == 0


def test_changed_value_is_shown_old_and_new_with_both_lines(old: Path) -> None:
    new = newer(old, ("85%", "90%"), ("## 監視\n", "## 監視\n\n前文。\n"))

    result = plan(old, new)

    assert result.returncode == 3
    assert result.stdout.splitlines()[0] == "監視"
    assert f"  ~ 監視項目「Web CPU使用率」  {old}:8 → {new}:10" in result.stdout
    assert "      異常: 85% → 90%" in result.stdout
    assert result.stdout.endswith("変更 1件、追加 0件、削除 0件\n")


def test_added_and_removed_rows_are_quoted(old: Path) -> None:
    new = newer(old, (ROW_DB, "| DB | CPU使用率 | 0-70% | 70% | 85% | 1分 |\n"))

    result = plan(old, new)

    assert result.returncode == 3
    assert (
        f"  + 監視項目「DB CPU使用率」  {new}:9\n      DB | CPU使用率 | 0-70% | 70% | 85% | 1分"
        in result.stdout
    )
    assert f"  - 監視項目「DB 接続数」  {old}:9\n      DB | 接続数 | 0-89 | 90 | 100 | 1分" in result.stdout


def test_row_that_becomes_unreadable_is_shown_with_its_reason(old: Path) -> None:
    new = newer(old, ("| 85% |", "| 高いとき |"))

    result = plan(old, new)

    assert result.returncode == 3
    assert "読み取れない行" in result.stdout
    assert f"  + {new}:8: " in result.stdout


def test_json_has_the_same_content(old: Path) -> None:
    report = json.loads(plan(old, newer(old, ("85%", "90%")), "--format", "json").stdout)

    (change,) = report["changes"]
    assert (change["change"], change["old_line"], change["new_line"]) == ("changed", 8, 8)
    label = {"code": "design.field-critical", "values": {}, "text": "異常"}
    assert change["fields"] == [{"label": label, "old": "85%", "new": "90%"}]
    assert report["unread"] == {"added": [], "removed": []}


def test_missing_document_exits_two(old: Path) -> None:
    result = plan(old, old.with_name("nowhere.md"))

    assert (result.returncode, result.stdout) == (2, "")
    assert "HINT: " in result.stderr


def test_help_shows_an_example() -> None:
    assert "例: toban plan" in plan("--help").stdout


def test_the_plan_is_in_english_for_those_who_read_english(old: Path) -> None:
    new = newer(old, ("85%", "90%"))

    lines = plan(old, new, TOBAN_LANGUAGE="en").stdout.splitlines()

    assert lines == [
        "Monitoring",
        f'  ~ Monitor "Web CPU使用率"  {old}:8 → {new}:8',
        "      Critical: 85% → 90%",
        "",
        "1 changed, 0 added, 0 removed",
    ]


LOGS = """# 運用設計書

## 3. ログ管理

### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | 90日 |
| 監査ログ | 操作 | Toban | 1年 |
"""


def test_without_a_running_toban_the_effect_of_a_shorter_retention_is_unknown(old: Path) -> None:
    old.write_text(LOGS, encoding="utf-8")
    new = old.with_name("shorter.md")
    new.write_text(LOGS.replace("90日", "30日"), encoding="utf-8")

    text, told = plan(old, new).stdout, json.loads(plan(old, new, "--format", "json").stdout)

    assert "消えるログ\n  アクセスログ 90日 → 30日" in text
    assert "消える量は分かりません" in text
    assert "ここで動いている Toban がありません\nHINT: " in text
    assert [(each["log"], each["old"], each["new"], each["deletes"]) for each in told["logs"]] == [
        ("アクセスログ", "90日", "30日", None)
    ]


def test_a_longer_retention_deletes_nothing(old: Path) -> None:
    old.write_text(LOGS, encoding="utf-8")
    new = old.with_name("longer.md")
    new.write_text(LOGS.replace("90日", "180日"), encoding="utf-8")

    done = plan(old, new, "--format", "json")

    assert json.loads(done.stdout)["logs"] == []


def test_without_a_running_toban_the_past_is_unknown_and_a_check_does_not_pass(old: Path) -> None:
    new = newer(old, ("85%", "90%"))

    shown, told = (
        plan(old, new, "--days", "7"),
        json.loads(plan(old, new, "--days", "7", "--format", "json").stdout),
    )
    checked = plan(old, new, "--check")
    annotated = plan(old, new, "--days", "7", "--format", "github")

    assert (shown.returncode, checked.returncode) == (3, 2)
    assert "過去7日に当てはめると: " in shown.stdout
    assert "過去7日に当てはめると: " in annotated.stdout
    assert told["past"]["unknown"]["code"] == "hindsight.no-toban-here"
    assert "HINT: " in checked.stderr


def test_a_check_passes_if_nothing_changes(old: Path) -> None:
    assert plan(old, newer(old), "--check").returncode == 0


def test_nobody_looks_back_unless_asked(old: Path) -> None:
    assert "past" not in json.loads(plan(old, newer(old, ("85%", "90%")), "--format", "json").stdout)


def test_annotations_stand_at_the_changed_lines(old: Path) -> None:
    new = newer(old, ("85%", "90%"), (ROW_DB, ""))

    lines = plan(old, new, "--format", "github").stdout.splitlines()

    assert lines[0] == f"::notice file={new},line=8,title=監視項目「Web CPU使用率」::異常: 85%25 → 90%25"
    assert lines[1].startswith(f"::notice file={old},line=9,title=監視項目「DB 接続数」::")
