"""`toban init --reading`: an owner answers what the tables of a document are, at a real terminal."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
from tests.forking import run
from tests.registered import PARTS

from toban.design.clauses.monitoring import Monitor
from toban.design.reader import Design, load_design
from toban.engine.bindings.load import declared_in, load_bindings

COMMAND = [sys.executable, "-c", "from toban.wiring import main; main()", "init"]
DOCUMENT = """# 運用設計書

## 監視

### 見るもの
| 品 | こと | 危険 |
|---|---|---|
| Web | CPU使用率 | 90%以上 |

### ほかに見るもの
| 名 | 異常 |
|---|---|
| メモリ使用率 | 90%以上 |

### 花
| 花 | 色 |
|---|---|
| 椿 | 赤 |
"""


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "運用設計書.md"
    path.write_text(DOCUMENT, encoding="utf-8")
    return path


def at_a_terminal(*arguments: str | Path, typed: str) -> tuple[int, str]:
    ours, theirs = pty.openpty()
    started = subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env={**os.environ, "TOBAN_LANGUAGE": "ja", "NO_COLOR": "1"},
    )
    os.close(theirs)
    os.write(ours, typed.encode())
    shown = b""
    while True:
        try:
            part = os.read(ours, 65_536)
        except OSError:
            break
        if not part:
            break
        shown += part
    os.close(ours)
    return started.wait(60), shown.decode()


def read(document: Path) -> Design:
    return load_design(document, declared_in(document.with_name("toban.toml")))


def test_each_table_is_shown_with_the_rows_that_it_would_give_and_answered(document: Path) -> None:
    status, shown = at_a_terminal(document, "--reading", typed="1\n監視 項目=名\nn\n")

    design = read(document)
    assert status == 0
    assert "監視項目: 対象: Web、監視項目: CPU使用率、異常: 90%以上" in shown
    assert "3件を宣言しました" in shown
    assert [each.item for each in design.of(Monitor)] == ["CPU使用率", "メモリ使用率"]
    assert (design.unread, design.misdeclared) == ((), ())
    assert [row.text for row in design.aside] == ["椿 | 赤"]
    assert len(load_bindings(document.with_name("toban.toml"), PARTS.schema).readings) == 3


def test_who_leaves_goes_on_where_they_were(document: Path) -> None:
    at_a_terminal(document, "--reading", typed="1\nq\n")
    kept = document.with_name("toban.toml").read_text(encoding="utf-8")

    _, shown = at_a_terminal(document, "--reading", typed="\n\n")

    assert len(read(document).of(Monitor)) == 1
    assert "品 | こと" not in shown
    assert "名 | 異常" in shown
    assert document.with_name("toban.toml").read_text(encoding="utf-8") == kept


def test_ones_own_words_are_tried_before_they_are_kept(document: Path) -> None:
    status, shown = at_a_terminal(document, "--reading", typed="監視 項目=ない\nq\n")

    assert status == 0
    assert "「ない」という列はありません" in shown
    assert not document.with_name("toban.toml").exists()


def test_what_else_the_bindings_say_stays(document: Path) -> None:
    path = document.with_name("toban.toml")
    path.write_text('[system]\nname = "店"  # 名前\n', encoding="utf-8")

    at_a_terminal(document, "--reading", typed="1\nq\n")

    assert path.read_text(encoding="utf-8").startswith('[system]\nname = "店"  # 名前\n\n[[reading]]\n')
    assert load_bindings(path, PARTS.schema).system.name == "店"


def test_the_document_is_changed_only_after_its_diff_was_confirmed(document: Path) -> None:
    refused, shown = at_a_terminal(document, "--reading", "--in-document", typed="1\nq\nn\n")

    assert refused == 1
    assert "+<!-- toban: 監視項目 対象=品 項目=こと 異常=危険 -->" in shown
    assert document.read_text(encoding="utf-8") == DOCUMENT

    accepted, _ = at_a_terminal(document, "--reading", "--in-document", typed="1\nq\ny\n")

    assert accepted == 0
    assert len(load_design(document).of(Monitor)) == 1
    assert not document.with_name("toban.toml").exists()


@pytest.mark.parametrize("sign", ["\f", "\u2028", "\x85"])
def test_what_ends_no_line_in_markdown_does_not_move_the_comment(document: Path, sign: str) -> None:
    document.write_text(DOCUMENT.replace("## 監視\n", f"監視{sign}する\n"), encoding="utf-8")

    status, _ = at_a_terminal(document, "--reading", "--in-document", typed="1\nq\ny\n")

    assert status == 0
    assert "-->\n| 品 | こと | 危険 |\n" in document.read_text(encoding="utf-8")
    assert [each.item for each in load_design(document).of(Monitor)] == ["CPU使用率"]


def test_where_nobody_can_be_asked_the_proposals_are_printed(document: Path) -> None:
    result = run(["-m", "toban", "init", document, "--reading"], env={**os.environ, "TOBAN_LANGUAGE": "ja"})

    assert result.returncode == 0
    assert "1) 監視項目 対象=品 項目=こと 異常=危険" in result.stdout
    assert not document.with_name("toban.toml").exists()


def test_yes_declares_only_what_as_much_speaks_for_as_for_a_reading(tmp_path: Path) -> None:
    path = tmp_path / "運用設計書.md"
    clear = "# 運用設計書\n\n## 監視項目\n\n| 品 | 異常 |\n|--|--|\n| CPU使用率 | 90%以上 |\n"
    path.write_text(f"{clear}\n### 花\n| 花 | 色 |\n|--|--|\n| 椿 | 赤 |\n", encoding="utf-8")

    result = run(
        ["-m", "toban", "init", path, "--reading", "--yes"], env={**os.environ, "TOBAN_LANGUAGE": "ja"}
    )

    assert result.returncode == 0
    assert "1件を宣言しました" in result.stdout
    assert [(each.target, each.item) for each in read(path).of(Monitor)] == [("", "CPU使用率")]


def test_a_comment_in_the_document_needs_the_questions(document: Path) -> None:
    result = run(["-m", "toban", "init", document, "--in-document"], env=os.environ)

    assert result.returncode == 2
    assert "--reading" in result.stderr
