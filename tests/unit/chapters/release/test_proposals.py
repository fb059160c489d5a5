"""The proposals for chapter 5 in a first toban.toml."""

import tomllib
from pathlib import Path

from tests.registered import PARTS

from toban.chapters.release.engine import DEPLOYMENTS
from toban.chapters.release.proposals import open_tables
from toban.chapters.release.source import RELEASES
from toban.design.reader import read_design
from toban.engine.bindings.draft import draft
from toban.engine.bindings.load import read_bindings

DOCUMENT = """# 運用設計書

## 5. デプロイ・リリース

### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|---|---|---|---|
| ステージング環境 | 自動 | releaseブランチ作成時 | 不要 |
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |

### リリーススケジュール
| リリース種別 | 頻度 | タイミング |
|---|---|---|
| マイナーリリース | 月1回 | 毎月第2火曜日 |
"""


def test_a_source_and_each_environment_are_proposed() -> None:
    found = list(open_tables(read_design(DOCUMENT, "d.md"), PARTS.kinds))

    assert [(each.table, each.name, each.proposals[0].kind) for each in found] == [
        ("releases", "app", "git"),
        ("deployments", "ステージング環境", "ssh"),
        ("deployments", "本番環境", "ssh"),
    ]
    assert "command、github、proxy" in "".join(map(str, found[1].notes))


def test_a_document_without_environments_is_asked_nothing() -> None:
    without = DOCUMENT.partition("### デプロイ方式")[0] + DOCUMENT[DOCUMENT.index("### リリース") :]

    assert list(open_tables(read_design(without, "d.md"), PARTS.kinds)) == []


def test_a_proposal_is_valid_once_uncommented() -> None:
    design = read_design(DOCUMENT, "d.md")
    text = draft(design, open_tables(design, PARTS.kinds))

    assert "releases" not in tomllib.loads(text)
    uncommented = "\n".join(
        line.removeprefix("#") if line.startswith("#") and not line.startswith("# ") else line
        for line in text.splitlines()
    )
    bound = read_bindings(uncommented, Path("toban.toml"), PARTS.schema)
    assert [*RELEASES.of(bound)] == ["app"]
    assert [*DEPLOYMENTS.of(bound)] == ["ステージング環境", "本番環境"]
