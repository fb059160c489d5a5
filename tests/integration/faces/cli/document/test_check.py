"""`toban check` as called by a user or a CI job: in its own process."""

import json
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from tests.forking import run

CLEAN = Path(__file__).parents[4] / "unit" / "design" / "lint" / "fixtures" / "clean.md"
FLAWED = """# 運用設計書

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|------|---------|---------|------|------|---------|
| アプリ | CPU使用率 | 0-60% | 95% | 90% | 1分 |
| アプリ | メモリ使用率 | 0-60% | 高いとき | 90% | 1分 |

## 定期作業

### 週次作業
| 作業項目 | 実施日時 | 担当者 | 内容 |
|---------|---------|-------|------|
| ログの確認 | 毎週木曜深夜 | 自動 | 前週分 |
"""


COMMAND = [sys.executable, "-c", "from toban.wiring import main; main()", "check"]


def check(*arguments: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return run(["-m", "toban", "check", *arguments], env={**os.environ, **environment})


@pytest.fixture
def flawed(tmp_path: Path) -> Path:
    path = tmp_path / "運用設計書.md"
    path.write_text(FLAWED, encoding="utf-8")
    return path


def test_clean_document_exits_zero_and_says_how_much_was_read() -> None:
    result = check(CLEAN, "--today", "2026-04-01")

    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.startswith("エラー 0件、警告 0件、情報 0件。")


def test_error_exits_one_and_shows_row_and_hint(flawed: Path) -> None:
    result = check(flawed)

    assert result.returncode == 1
    assert f"{flawed}:8: MN002 " in result.stdout
    assert "\n    アプリ | CPU使用率 | 0-60% | 95% | 90% | 1分\nHINT: " in result.stdout
    assert "エラー 1件（MN002）" in result.stdout


def test_unread_rows_and_assumptions_come_after_errors(flawed: Path) -> None:
    lines = check(flawed).stdout.splitlines()

    first = {
        code: next(index for index, line in enumerate(lines) if code in line) for code in ("MN002", "XX003")
    }
    listed = lines.index("読めなかった行:")

    assert first["MN002"] < first["XX003"] < listed
    assert lines[listed + 1].startswith(f"{flawed}:9: ")
    assert lines[listed + 2] == "    アプリ | メモリ使用率 | 0-60% | 高いとき | 90% | 1分"


def test_warnings_alone_exit_zero(tmp_path: Path) -> None:
    path = tmp_path / "ops.md"
    path.write_text(FLAWED.replace("95%", "70%"), encoding="utf-8")

    result = check(path)

    assert result.returncode == 0
    assert "MN001" in result.stdout


@pytest.mark.parametrize("form", ["text", "json"])
def test_duplicate_rows_exit_two_and_are_shown(tmp_path: Path, form: str) -> None:
    row = "| アプリ | CPU使用率 | 0-60% | 95% | 90% | 1分 |\n"
    path = tmp_path / "ops.md"
    path.write_text(FLAWED.replace(row, row + row), encoding="utf-8")

    result = check(path, "--format", form)

    assert result.returncode == 2
    assert "8行目と同じ行です" in result.stdout


def test_json_has_the_agreed_keys(flawed: Path) -> None:
    result = check(flawed, "--format", "json")

    report = json.loads(result.stdout)

    assert result.returncode == 1
    parts = ["clauses", "findings", "unread", "proposals", "not_in_force", "prose", "assumptions", "summary"]
    assert list(report) == ["document", *parts]
    assert report["document"] == str(flawed)
    assert report["summary"] == {"rows": 3, "read": 2, "unread": 1, "not_in_force": 0}
    assert {frozenset(clause) for clause in report["clauses"]} == {
        frozenset({"id", "chapter", "kind", "line", "text", "status"})
    }
    assert [(clause["line"], clause["status"]) for clause in report["clauses"]] == [
        (8, "read"),
        (16, "assumed"),
    ]
    assert {frozenset(finding) for finding in report["findings"]} == {
        frozenset({"code", "level", "line", "message", "hint"})
    }
    assert [frozenset(row) for row in report["unread"]] == [frozenset({"line", "text", "reason"})]
    assert [assumption["line"] for assumption in report["assumptions"]] == [16]


def test_dates_are_counted_from_the_given_day(tmp_path: Path) -> None:
    path = tmp_path / "ops.md"
    path.write_text(FLAWED.replace("毎週木曜深夜 | 自動", "第1月曜 | 運用チーム"), encoding="utf-8")

    assert "次は2027-05-03（憲法記念日）" in check(path, "--today", "2026-11-25").stdout


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2026-02-30", "tomorrow"])
def test_day_out_of_range_is_refused_as_wrong_usage(flawed: Path, day: str) -> None:
    result = check(flawed, "--today", day)

    assert (result.returncode, result.stdout) == (2, "")
    assert "--today" in result.stderr


@pytest.mark.parametrize("locale", ["C", "POSIX"])
def test_japanese_is_written_whatever_the_locale(flawed: Path, locale: str) -> None:
    unsaid = {"TOBAN_LANGUAGE": "", "LC_MESSAGES": ""}
    no_utf8 = {"LC_ALL": locale, "LANG": locale, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}

    result = subprocess.run(
        [*COMMAND, flawed],
        env={**os.environ, **unsaid, **no_utf8}, check=False, capture_output=True, encoding="utf-8",
    )  # fmt: skip

    assert result.returncode == 1
    assert "警告" in result.stdout


@pytest.mark.parametrize(
    ("environment", "summary"),
    [
        ({"TOBAN_LANGUAGE": "en", "LC_ALL": "ja_JP.UTF-8"}, "1 error (MN002), "),
        ({"TOBAN_LANGUAGE": "ja", "LC_ALL": "en_US.UTF-8"}, "エラー 1件（MN002）、"),
        ({"LC_ALL": "en_GB.UTF-8", "LC_MESSAGES": "ja_JP.UTF-8", "LANG": "ja_JP.UTF-8"}, "1 error (MN002), "),
        ({"LC_MESSAGES": "en_US.UTF-8", "LANG": "ja_JP.UTF-8"}, "1 error (MN002), "),
        ({"LANG": "de_DE.UTF-8"}, "1 error (MN002), "),
        ({"LANG": "ja_JP.UTF-8"}, "エラー 1件（MN002）、"),
        ({}, "エラー 1件（MN002）、"),
    ],
)
def test_the_environment_names_the_language(flawed: Path, environment: dict[str, str], summary: str) -> None:
    unsaid = dict.fromkeys(("TOBAN_LANGUAGE", "LC_ALL", "LC_MESSAGES", "LANG"), "")

    assert check(flawed, **unsaid | environment).stdout.splitlines()[-1].startswith(summary)


def test_in_english_only_the_words_of_the_document_are_japanese(flawed: Path) -> None:
    result = check(flawed, "--today", "2026-04-01", TOBAN_LANGUAGE="en")

    assert result.stdout == (
        f"{flawed}:8: MN001 アプリ CPU使用率: between 60% and 95%, the value is neither normal"
        " nor a warning\n"
        "    アプリ | CPU使用率 | 0-60% | 95% | 90% | 1分\n"
        "HINT: end the normal range at 95%, or start the warning at 60%\n\n"
        f"{flawed}:8: MN002 アプリ CPU使用率: the warning at 95% does not come before critical at 90%\n"
        "    アプリ | CPU使用率 | 0-60% | 95% | 90% | 1分\n"
        "HINT: put the warning before critical (and check that the columns are not swapped)\n\n"
        f"{flawed}:9: XX006 1 row was not understood (line 9): nothing is done for it\n"
        "    アプリ | メモリ使用率 | 0-60% | 高いとき | 90% | 1分\n"
        'HINT: the reasons are under "Rows not understood"\n\n'
        f'{flawed}:16: XX003 "深夜" is taken as 2:00\n'
        "    ログの確認 | 毎週木曜深夜 | 自動 | 前週分\n"
        "HINT: if this is not meant, write the value explicitly\n\n"
        "Rows not understood:\n"
        f'{flawed}:9: 警告: "高いとき" is not a threshold\n'
        "    アプリ | メモリ使用率 | 0-60% | 高いとき | 90% | 1分\n\n"
        "1 error (MN002), 1 warning, 2 notes. 2 of 3 rows were read\n"
    )


def test_what_is_read_by_programs_has_code_values_and_sentence(flawed: Path) -> None:
    report = json.loads(check(flawed, "--format", "json", TOBAN_LANGUAGE="en").stdout)

    (unread,) = report["unread"]
    assert unread["reason"] == {
        "code": "design.not-readable",
        "values": {
            "cell": "警告",
            "words": "高いとき",
            "expected": {"code": "design.expected-threshold", "values": {}},
        },
        "text": '警告: "高いとき" is not a threshold',
    }
    assert report["assumptions"][0]["message"]["code"] == "design.clock-assumed"
    assert all({"code", "values", "text"} == set(each["message"]) for each in report["findings"])


def test_wrong_usage_is_explained_in_the_same_language(flawed: Path) -> None:
    english = check(TOBAN_LANGUAGE="en").stderr
    japanese = check(flawed, "--bindings", "x.toml").stderr

    assert english.endswith("Error: Missing argument 'FILE'.\n")
    assert japanese.endswith("エラー: --bindings は --live と使います\n")


def test_pipe_gets_no_colours(flawed: Path) -> None:
    assert "\x1b[" not in check(flawed).stdout


@pytest.mark.parametrize(("no_color", "is_coloured"), [("", True), ("1", False)])
def test_terminal_gets_colours_unless_it_declines_them(
    flawed: Path, no_color: str, is_coloured: bool
) -> None:
    ours, theirs = pty.openpty()
    environment = {**os.environ, "NO_COLOR": no_color, "TERM": "xterm"}

    subprocess.run([*COMMAND, str(flawed)], stdout=theirs, env=environment, check=False)
    written = os.read(ours, 65_536)

    assert (b"\x1b[31m" in written) is is_coloured
    os.close(ours)
    os.close(theirs)


@pytest.mark.parametrize("form", ["text", "json"])
def test_missing_file_exits_two_with_a_hint_on_stderr(tmp_path: Path, form: str) -> None:
    result = check(tmp_path / "nowhere.md", "--format", form)

    assert (result.returncode, result.stdout) == (2, "")
    assert "nowhere.md" in result.stderr
    assert "\nHINT: " in result.stderr


@pytest.mark.parametrize(
    "content",
    [b"", b"\xff\xfe\x00binary", "# 運用設計書\n\nまだ何もない。\n".encode()],
    ids=["empty", "binary", "prose"],
)
def test_unreadable_document_exits_two(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "ops.md"
    path.write_bytes(content)

    result = check(path)

    assert (result.returncode, result.stdout) == (2, "")
    assert "HINT: " in result.stderr


def test_assumptions_are_listed_alone_with_those_of_the_chapters(tmp_path: Path) -> None:
    document = tmp_path / "運用設計書.md"
    document.write_text(FLAWED, encoding="utf-8")
    before = json.loads(check(document, "--assumptions", "--format", "json").stdout)
    (tmp_path / "toban.toml").write_text('[assumptions]\n"深夜" = "1:30"\n', encoding="utf-8")

    told = check(document, "--assumptions")
    after = json.loads(check(document, "--assumptions", "--format", "json").stdout)

    settings = [
        {each["setting"]: each["is_set"] for each in report["assumptions"]} for report in (before, after)
    ]
    assert [each["[assumptions] 深夜"] for each in settings] == [False, True]
    assert not settings[1]["[monitoring] recovery_readings"]
    assert after["assumptions"][0]["rows"][0]["line"] == 16
    assert f"{document}:16: 「深夜」は {tmp_path}/toban.toml の [assumptions] により 1:30 です" in told.stdout
    assert "変えるところ: [monitoring] recovery_readings" in told.stdout


def test_assumptions_with_unreadable_bindings_are_refused(flawed: Path) -> None:
    flawed.with_name("toban.toml").write_text("[assumptions", encoding="utf-8")

    done = check(flawed, "--assumptions")

    assert (done.returncode, done.stdout) == (2, "")
    assert "BD001" in done.stderr


def test_help_shows_an_example_and_the_exit_statuses() -> None:
    result = check("--help")

    assert "例: toban check" in result.stdout
    assert "終了コード" in result.stdout


def test_check_loads_the_documents_language_and_nothing_else() -> None:
    program = "import sys, toban.wiring, toban.faces.cli.document.check; print(*sys.modules)"

    loaded = subprocess.check_output([sys.executable, "-c", program], encoding="utf-8").split()

    heavy = {"django", "pydantic", "httpx", "clickhouse_connect", "psycopg", "starlette", "holidays"}
    assert heavy.isdisjoint(loaded)
    # The modules that commands are registered with.
    registration = {
        f"toban.engine.registry{name}" for name in ("", ".commands", ".kinds", ".parts", ".ports")
    }
    assert {each for each in loaded if each.startswith("toban.engine.")} == registration


def test_a_line_is_explained_by_the_words_that_decided() -> None:
    done = check(CLEAN.with_name("flawed.md"), "--explain", "8")
    assert done.returncode == 2

    done = check(CLEAN, "--explain", "9", TOBAN_LANGUAGE="en")

    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(f"{CLEAN}:9\n")


def test_what_is_no_clause_stands_in_the_json(tmp_path: Path) -> None:
    document = tmp_path / "運用設計書.md"
    document.write_text(
        f"{FLAWED}\n## 将来の監視\n\n- CPU使用率: 80%以上で警告\n\n## 改訂履歴\n\n- 初版\n", "utf-8"
    )

    report = json.loads(check(document, "--format", "json").stdout)

    assert [row["text"] for row in report["not_in_force"]] == ["CPU使用率: 80%以上で警告"]
    assert [row["text"] for row in report["prose"]] == ["初版"]
    assert report["summary"] == {"rows": 4, "read": 2, "unread": 1, "not_in_force": 1}


UNREAD = """# 運用設計書

## 監視

### 見るもの
| 品 | こと | 危険 |
|---|---|---|
| Web | CPU使用率 | 90%以上 |
"""
COMMENT = "<!-- toban: 監視項目 対象=品 項目=こと 異常=危険 -->"


def test_an_unread_table_has_a_comment_to_paste(tmp_path: Path) -> None:
    path = tmp_path / "運用設計書.md"
    path.write_text(UNREAD, encoding="utf-8")

    asked = check(path)
    report = json.loads(check(path, "--format", "json").stdout)
    path.write_text(UNREAD.replace("| 品", f"{COMMENT}\n| 品"), encoding="utf-8")
    answered = check(path)

    assert f"HINT: 表（6行目）のすぐ上に {COMMENT} と書くと読めます\n" in asked.stdout
    assert report["proposals"] == [
        {"line": 6, "kind": "monitor", "comment": COMMENT, "rows": ["Web | CPU使用率 | 90%以上"]}
    ]
    assert "1行のうち1行を読み取りました" in answered.stdout


def test_what_the_bindings_beside_it_declare_counts(tmp_path: Path) -> None:
    path, bindings = tmp_path / "運用設計書.md", tmp_path / "toban.toml"
    path.write_text(UNREAD, encoding="utf-8")
    written = '[[reading]]\nheading = "見るもの"\ndeclares = "監視 対象=品 項目=こと 異常=危険"\n'
    bindings.write_text(written, encoding="utf-8")

    read = check(path)
    explained = check(path, "--explain", "8")
    bindings.write_text(written.replace("見るもの", "ないもの"), encoding="utf-8")
    report = json.loads(check(path, "--format", "json").stdout)
    bindings.write_text(written.replace("declares", "declare"), encoding="utf-8")
    unreadable = check(path)

    assert "1行のうち1行を読み取りました" in read.stdout
    assert f"宣言どおりに読みました（{bindings}:1の宣言）" in explained.stdout
    (finding,) = [each for each in report["findings"] if each["code"] == "RD002"]
    assert (finding["file"], finding["line"]) == (str(bindings), 1)
    assert unreadable.returncode == 2
    assert "BD002" in unreadable.stderr
