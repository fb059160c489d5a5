"""`toban import` as called by a user: Markdown on standard output, what is left on the error stream."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.comments import Comment
from tests.forking import run

MARKDOWN = """# 運用設計書

## 監視

### 監視項目

| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| アプリ | CPU使用率 | 0-60% | 80% | 90% | 1分 |
"""


def call(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(["-m", "toban", "import", *arguments], env={**os.environ, **environment})


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    sheet.title = "監視"
    sheet.append(["監視項目"])
    sheet.append(["対象", "監視項目", "正常範囲", "警告", "異常", "監視間隔"])
    sheet.append(["アプリ", "CPU使用率", "0-60%", 0.8, 0.9, "1分"])
    sheet["D3"].number_format = sheet["E3"].number_format = "0%"
    path = tmp_path / "運用設計書.xlsx"
    book.save(path)
    return path


def with_much_to_list(path: Path) -> None:
    book = Workbook()
    book.active.title = "監視"
    book.active["B2"] = "夜間"
    book.active["B2"].comment = Comment("要確認\n至急", "鈴木")
    old = book.create_sheet("旧版")
    old.append(["古い", 1])
    old.append(["表"])
    old.sheet_state = "hidden"
    book.save(path)


def test_markdown_goes_to_standard_output_and_what_is_read_of_it_is_said(workbook: Path) -> None:
    result = call(workbook)

    assert (result.returncode, result.stdout) == (0, MARKDOWN)
    assert result.stderr == (
        "ブックの内容はすべて移しました\n"
        f"1行のうち1行を読み取りました。次に toban check {workbook.with_suffix('.md')} で確かめてください\n"
    )


def test_what_is_left_is_listed_with_its_cell_and_the_status_is_one(workbook: Path) -> None:
    with_much_to_list(workbook)

    result = call(workbook, TOBAN_LANGUAGE="en")

    assert (result.returncode, result.stdout) == (1, "# 運用設計書\n\n## 監視\n\n夜間\n")
    assert result.stderr.startswith(
        "Not carried over: 4\n監視: comment or note: not carried over\n    B2: 要確認 / 至急\n"
        "旧版: hidden sheet: not carried over\n    A1: 古い\n    B1: 1\n    A2: 表\n\n"
    )
    assert "\nHINT: " in result.stderr, "there is no table in it"


def test_a_file_is_written_once_and_overwritten_only_when_asked(workbook: Path) -> None:
    output = workbook.with_name("design.md")

    first = call(workbook, "--output", output)
    refused = call(workbook, "--output", output)
    output.write_text("old")
    again = call(workbook, "--output", output, "--yes")

    assert (first.returncode, first.stdout, refused.returncode, refused.stdout) == (0, "", 2, "")
    assert f"toban check {output}" in first.stderr
    assert "HINT: " in refused.stderr
    assert "--yes" in refused.stderr
    assert (again.returncode, output.read_text(encoding="utf-8")) == (0, MARKDOWN)


@pytest.mark.parametrize("flags", [(), ("--yes",)])
def test_the_workbook_is_never_written_over_by_what_is_made_of_it(
    workbook: Path, flags: tuple[str, ...]
) -> None:
    before = workbook.read_bytes()
    link = workbook.with_name("設計.md")
    link.symlink_to(workbook)

    for target in (workbook, link):
        refused = call(workbook, "--output", target, *flags)
        assert refused.returncode == 2
        assert str(target) in refused.stderr
    assert workbook.read_bytes() == before


def test_json_has_the_markdown_the_list_and_the_rows(workbook: Path) -> None:
    whole = json.loads(call(workbook, "--format", "json").stdout)
    with_much_to_list(workbook)
    partly = json.loads(call(workbook, "--format", "json").stdout)

    assert partly["summary"].keys() == {"reason", "hint"}
    assert whole == {"markdown": MARKDOWN, "left": [], "altered": [], "summary": {"rows": 1, "read": 1}}
    assert [(each["sheet"], each["cell"], each["reason"]["code"]) for each in partly["left"]] == [
        ("監視", "B2", "workbooks.comment"),
        ("旧版", "A1", "workbooks.hidden-sheet"),
        ("旧版", "B1", "workbooks.hidden-sheet"),
        ("旧版", "A2", "workbooks.hidden-sheet"),
    ]


def test_a_file_of_another_kind_is_refused_with_a_way_out(tmp_path: Path) -> None:
    old = tmp_path / "設計.xls"
    old.write_bytes(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1")

    result = call(old, TOBAN_LANGUAGE="en")

    assert (result.returncode, result.stdout) == (2, "")
    assert "(.xls)" in result.stderr
    assert "\nHINT: open it in Excel and save it as" in result.stderr


def test_help_shows_an_example() -> None:
    assert "toban import ops-design.xlsx --output ops-design.md" in call("--help", TOBAN_LANGUAGE="en").stdout
