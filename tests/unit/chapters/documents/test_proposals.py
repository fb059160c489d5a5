"""What `toban init` proposes for documents: what only repeats the document is written by Toban."""

from tests.registered import PARTS

from toban.chapters.documents.proposals import open_tables
from toban.design.reader import read_design

DOCUMENT = """# 運用設計書
## 12. ドキュメント管理
### 運用ドキュメント一覧
| ドキュメント名 | 更新頻度 | 管理場所 |
|---|---|---|
| 運用手順書 | 変更時 | Wiki/Git |
| 障害対応手順書 | 変更時 | Git |
| システム構成図 | 変更時 | Wiki/Git |
| 緊急連絡先一覧 | 変更時 | Wiki |
| FAQ | 随時 | Wiki |
"""


def test_what_only_repeats_the_document_is_proposed_to_be_written_by_toban() -> None:
    found = {each.name: each.proposals[0] for each in open_tables(read_design(DOCUMENT, "d.md"), PARTS.kinds)}

    assert {name: each.kind for name, each in found.items()} == {
        "運用手順書": "git",
        "障害対応手順書": "git",
        "システム構成図": "written",
        "緊急連絡先一覧": "written",
        "FAQ": "page",
    }
    assert found["システム構成図"].values == {"writes": "diagram"}
    assert found["緊急連絡先一覧"].values == {"writes": "contacts"}
