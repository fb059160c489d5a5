"""Documents that Toban writes: their words, their marks, and the drawing."""

from pathlib import Path
from xml.etree import ElementTree

import pytest
from tests.registered import PARTS

from toban.chapters.documents.written import diagram
from toban.chapters.documents.written.kinds import WrittenKind, files_of, is_own, marked
from toban.chapters.documents.written.paper import Bullet, Code, Grid, Paper, Text, Title, markdown
from toban.chapters.documents.written.writing import FileEdited, NotWritten, write
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition

DOCUMENT = """# 運用設計書
## 1. 運用方針
### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 佐藤 | 平日9:00-18:00 |
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 失敗時 |
|---|---|---|---|
| B001 | 集計 | 毎日 03:00 | 再実行 |
| B002 | 請求 | 毎日 04:00 | 再実行 |
## 7. 障害対応
### 障害パターンと対応
| 障害 | 原因 | 対応 |
|---|---|---|
| Webサーバーダウン | プロセス停止 | プロセス再起動 |
"""
BINDINGS = """
[people."運用責任者"]
name = "佐藤"
email = "sato@example.com"
phone = "090-0000-0000"
pagerduty = "pd-integration-key-1"
[targets."Web<サーバー>"]
sources = [{ kind = "prometheus", url = "http://127.0.0.1:9/m", instance = "web-1" }]
runs_on = "DB"
[targets."DB"]
sources = [{ kind = "prometheus", url = "http://127.0.0.1:9/m", instance = "db \\"1\\"" }]
[batches.B001]
command = ["sum", "--password=hunter2", "日 別"]
[remedies."プロセス再起動"]
kind = "command"
command = ["systemctl", "restart", "web"]
target = "Web<サーバー>"
"""


def edition(bindings: str = BINDINGS, document: str = DOCUMENT) -> Edition:
    read = read_bindings(bindings, Path("toban.toml"), PARTS.schema)
    return Edition(read_design(document, "運用設計書.md"), read, PARTS.kinds)


def text_of(kind: WrittenKind, language: str = "ja") -> str:
    return files_of(kind, edition(), PARTS.operations, language)[f"{kind}.md"]


def test_what_the_document_says_is_no_markup() -> None:
    row = ("a|b", "<b>c</b>", "`d` [e](f)\n# g")
    paper = Paper(
        "T", (Title(2, "*x*"), Text("<i>"), Grid(("A", "B", "C"), (row,)), Bullet("p"), Bullet("q"))
    )

    assert markdown(paper, "ja") == (
        "# T\n\n## \\*x\\*\n\n\\<i\\>\n\n| A | B | C |\n|---|---|---|\n"
        "| a\\|b | \\<b\\>c\\</b\\> | \\`d\\` \\[e\\](f) \\# g |\n\n- p\n- q\n"
    )


def test_a_fence_is_longer_than_those_within() -> None:
    assert markdown(Paper("T", (Code("```\nx\n```", "sh"),)), "ja").endswith("````sh\n```\nx\n```\n````\n")


def test_procedures_say_what_is_run_at_what_time_and_by_hand() -> None:
    text = text_of(WrittenKind.PROCEDURES)

    assert "B001: 毎日03:00 (Asia/Tokyo)、自動実行" in text
    assert "手で行うときのコマンド:\n\n```sh\nsum" in text
    assert "| B002 \\| 請求 \\| 毎日 04:00 \\| 再実行 | 未接続です: " in text
    assert "## Toban が止まっている日" in text
    assert "On a day on which Toban is away" in text_of(WrittenKind.PROCEDURES, "en")


def test_incidents_name_the_command_of_each_remedy() -> None:
    text = text_of(WrittenKind.INCIDENTS)

    assert "### Webサーバーダウン \\| プロセス停止 \\| プロセス再起動" in text
    assert "```sh\nsystemctl restart web\n```" in text


def test_the_command_of_a_game_day_is_never_among_the_remedies() -> None:
    broken = BINDINGS + '[faults."Webサーバーダウン"]\nbreak = ["break", "web"]\nrestore = ["mend", "web"]\n'
    files = files_of(WrittenKind.INCIDENTS, edition(broken), PARTS.operations, "ja")

    assert "break web" not in files["incidents.md"]


@pytest.mark.parametrize("kind", list(WrittenKind))
def test_no_secret_is_in_any_of_them(kind: WrittenKind) -> None:
    for language in ("ja", "en"):
        for text in files_of(kind, edition(), PARTS.operations, language).values():
            assert "hunter2" not in text
            assert "pd-integration-key-1" not in text


@pytest.mark.parametrize("kind", list(WrittenKind))
def test_the_same_edition_gives_the_same_bytes(kind: WrittenKind) -> None:
    first, again = (files_of(kind, edition(), PARTS.operations, "ja") for _ in range(2))

    assert first == again


def test_contacts_are_those_of_the_bindings() -> None:
    assert "| 運用責任者 | 佐藤 | 090-0000-0000 | sato@example.com | — | PagerDuty |" in text_of(
        WrittenKind.CONTACTS
    )


def test_the_drawing_is_well_formed_and_named() -> None:
    drawn = diagram.svg(diagram.system_map(edition()), "ja")
    root = ElementTree.fromstring(drawn)  # noqa: S314 - it was drawn here
    texts = [each.text for each in root.iter("{http://www.w3.org/2000/svg}text")]

    assert root.get("role") == "img"
    assert texts[0] == "Web<サーバー>"
    assert 'db "1"' in texts
    titles = [each.text for each in root.iter("{http://www.w3.org/2000/svg}title")]
    assert titles == ["システム構成図", "Web<サーバー>", "DB"]


def test_mermaid_says_what_runs_on_what() -> None:
    assert diagram.mermaid(diagram.system_map(edition())) == (
        'flowchart LR\n  n0["Web&lt;サーバー&gt;<br>web-1"]\n  n1["DB<br>db #quot;1#quot;"]\n  n0 --> n1'
    )


def test_backups_lead_to_their_store() -> None:
    head = "## 4. バックアップ\n### バックアップ対象\n| 対象 | 方式 | 頻度 | 世代数 | 保管先 |\n"
    document = (
        f"{DOCUMENT}{head}|---|---|---|---|---|\n| PostgreSQL | フルバックアップ | 日次 2:00 | 7世代 | S3 |\n"
    )
    stored = f'{BINDINGS}[stores.S3]\nkind = "directory"\npath = "/srv/s3"\n'
    drawn = diagram.system_map(edition(stored, document))

    assert [each.name for each in drawn.nodes][2:] == ["PostgreSQL", "S3"]
    assert drawn.backed_up == ((2, 3),)
    assert "n2 -.-> n3" in diagram.mermaid(drawn)
    assert "stroke-dasharray" in diagram.svg(drawn, "ja")


def test_what_something_runs_on_stands_right_of_it_even_in_a_circle() -> None:
    nodes = tuple(diagram.DiagramNode(name) for name in "abc")
    circle = diagram.SystemMap(nodes, ((0, 1), (1, 0)), ())

    assert ElementTree.fromstring(diagram.svg(circle, "en")) is not None  # noqa: S314 - it was drawn here


def test_an_edit_shows_and_so_does_another_writer() -> None:
    content = marked("# a\n", "d" * 12 + "/" + "b" * 12, "図")

    assert is_own(content, "図")
    assert not is_own(content, "ほか")
    assert not is_own(content.replace(b"# a", b"# b"), "図")
    assert not is_own(content + b"more\n", "図")
    assert not is_own(b"# a\n", "図")


EDITION = "d" * 12 + "/" + "b" * 12


def test_files_are_written_once_and_replaced_when_they_change(tmp_path: Path) -> None:
    assert list(write(tmp_path, {"a.md": "1"}, EDITION, "図")) == ["a.md"]
    assert write(tmp_path, {"a.md": "1"}, EDITION, "図") == {}
    assert list(write(tmp_path, {"a.md": "2"}, EDITION, "図")) == ["a.md"]
    assert (tmp_path / "a.md").read_text().startswith("2\n")
    assert [each.name for each in tmp_path.iterdir()] == ["a.md"]


def test_what_a_person_has_edited_is_not_overwritten_and_nothing_beside_it(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "1", "b.svg": "1"}, EDITION, "図")
    edited = (tmp_path / "b.svg").read_text().replace("1", "one", 1)
    (tmp_path / "b.svg").write_text(edited)

    with pytest.raises(FileEdited, match="上書きしませんでした"):
        write(tmp_path, {"a.md": "2", "b.svg": "2"}, EDITION, "図")

    assert (tmp_path / "a.md").read_text().startswith("1\n")
    assert (tmp_path / "b.svg").read_text() == edited


def test_two_entries_never_write_the_same_file_by_turns(tmp_path: Path) -> None:
    write(tmp_path, {"a.md": "日本語"}, EDITION, "一")

    with pytest.raises(FileEdited):
        write(tmp_path, {"a.md": "English"}, EDITION, "二")


def test_a_link_and_a_folder_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("x")
    (tmp_path / "a.md").symlink_to(tmp_path / "secret")
    (tmp_path / "b.md").mkdir()

    for name in ("a.md", "b.md"):
        with pytest.raises(NotWritten):
            write(tmp_path, {name: "1"}, EDITION, "図")

    assert (tmp_path / "secret").read_text() == "x"


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="書けません"):
        write(tmp_path / "gone", {"a.md": "1"}, EDITION, "図")

    assert not (tmp_path / "gone").exists()


def test_nothing_above_the_bound_is_written(tmp_path: Path) -> None:
    with pytest.raises(NotWritten, match="8MB"):
        write(tmp_path, {"a.md": "x" * 9_000_000}, EDITION, "図")
