"""Words of `about` that nothing is called: the document would never be asked to follow a change."""

from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.documents.doubts import doubts
from toban.chapters.documents.places import page
from toban.chapters.documents.subjects import rows_called
from toban.design.reader import read_design
from toban.engine.bindings.load import UnreadableBindings, read_bindings
from toban.engine.bindings.section import Section

DESIGN = read_design(
    """\
# 運用設計書
## バッチ処理
| バッチID | バッチ名 | 実行タイミング |
|---|---|---|
| B001 | 集計 | 毎日 03:00 |
| B002 | 請求書 発行 | 毎日 04:00 |
## 12. ドキュメント管理
### 運用ドキュメント一覧
| ドキュメント名 | 更新頻度 | 管理場所 |
|---|---|---|
| 手順書 | 変更時 | Wiki |
""",
    "運用設計書.md",
)


class Probe(Section):
    place: str


def found(*about: str) -> list[str]:
    words = ", ".join(f'"{each}"' for each in about)
    text = (
        '[targets."Webサーバー"]\nsources = [{ kind = "probe", place = "web-1:9100" }]\n'
        f'[documents.手順書]\nkind = "page"\nurl = "https://wiki.example.com/a"\nabout = [{words}]\n'
    ).replace("documents.手順書", 'documents."手順書"')
    shape = schema(document={"page": page.KIND.config}, sources={"probe": Probe})
    return [str(each) for each in doubts(DESIGN, read_bindings(text, Path("toban.toml"), shape))]


@pytest.mark.parametrize(
    "word",
    [
        "release",
        "backup",
        "Webサーバー",
        "web-1",
        "WEB-1:9100",
        "B001",
        "Ｂ００１",
        "batch/batch/B001",
        "請求書 発行",
    ],
)
def test_a_word_that_something_is_called_raises_no_doubt(word: str) -> None:
    assert found(word) == []


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("relase", "「release」"),
        ("Webサーバ", "「Webサーバー」"),
        ("web1", "「web-1」"),
        ("B003", "「B001」"),
    ],
)
def test_a_word_that_is_the_name_of_nothing_is_reported_with_near_ones(word: str, near: str) -> None:
    (doubt,) = found("release", word)

    assert doubt.startswith(f"toban.toml:3: BD012 「手順書」の about にある「{word}」は")
    assert near in doubt


def test_a_word_that_is_near_nothing_is_reported_with_what_can_be_written() -> None:
    (doubt,) = found("決済代行会社")

    assert "変更の種類、章、監視対象、ホスト、バッチ、行の名前を書いてください" in doubt


def test_a_row_is_touched_by_the_name_that_people_call_it_by() -> None:
    assert list(rows_called(DESIGN, ["b001"])) == ["batch/batch/B001"]


@pytest.mark.parametrize(
    ("key", "length"), [("every", "59秒"), ("every", "2日"), ("read_for", "0.5秒"), ("read_for", "2時間")]
)
def test_lengths_that_would_never_look_or_never_stop_are_refused(key: str, length: str) -> None:
    with pytest.raises(UnreadableBindings) as refused:
        read_bindings(f'[document_keeping]\n{key} = "{length}"\n', Path("toban.toml"), schema())

    assert "までの長さを書いてください" in str(refused.value)


@pytest.mark.parametrize(
    ("key", "length"), [("every", "1分"), ("every", "1日"), ("read_for", "1秒"), ("read_for", "1時間")]
)
def test_lengths_at_the_bounds_are_taken(key: str, length: str) -> None:
    read_bindings(f'[document_keeping]\n{key} = "{length}"\n', Path("toban.toml"), schema())
