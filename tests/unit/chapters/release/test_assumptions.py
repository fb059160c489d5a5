"""What chapter 5 takes for what its document leaves open, and where another value is written."""

from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.design.reader import read_design
from toban.engine.assumptions.taken import TakenValue, taken
from toban.engine.bindings.load import UnreadableBindings, read_bindings

DOCUMENT = """# 運用設計書
## 5. デプロイ・リリース
### デプロイ方式
| 環境 | デプロイ方式 | トリガー | 承認 |
|---|---|---|---|
| 開発環境 | 自動 | mainブランチマージ時 | 不要 |
| ステージング環境 | 自動 | releaseブランチ作成時 | 不要 |
| 本番環境 | 手動 | リリース予定日時 | 運用責任者 |
### ロールバック手順
1. 問題検知 → 運用責任者判断
2. 前バージョンへ切り戻し (5分以内)
3. 原因調査・対策
"""
SHIP = '\nkind = "command"\ndeploy = ["ship"]\nserving = ["which"]\n'
SERVICE = '[releases.shop]\nurl = "https://git.example.com/shop.git"\n'


def values(*tables: str, more: str = "", document: str = DOCUMENT) -> dict[str, TakenValue]:
    bindings = SERVICE + "".join(f'[deployments."{each}"]{SHIP}' for each in tables) + more
    read = read_bindings(bindings, Path("toban.toml"), PARTS.schema)
    return {each.setting: each for each in taken(read_design(document, "運用設計書.md"), read, PARTS.schema)}


@pytest.mark.parametrize(
    ("bound", "rehearsed"),
    [
        (("開発環境", "ステージング環境", "本番環境"), {"ステージング環境"}),
        # The table's order is not that of the document.
        (("本番環境", "ステージング環境", "開発環境"), {"ステージング環境"}),
        (("開発環境", "本番環境"), {"開発環境"}),
        (("本番環境",), set()),
    ],
)
def test_the_day_of_the_drill_is_assumed_where_one_is_held(
    bound: tuple[str, ...], rehearsed: set[str]
) -> None:
    found = values(*bound)

    drills = {each: found[each] for each in found if each.endswith(" drill")}
    assert set(drills) == {f"[deployments.{name}] drill" for name in rehearsed}
    for each in drills.values():
        assert [row.kind for row in each.rows] == ["rollback-procedure"]
        assert not each.is_set
        assert "第1営業日" in str(each.said)
        assert "10:00" in str(each.said)


def test_until_when_a_cause_is_found_is_assumed_if_the_document_asks_for_one() -> None:
    found = values("本番環境")["[deployments.本番環境] cause_within"]

    assert "5営業日" in str(found.said)
    assert not found.is_set
    without = DOCUMENT.replace("3. 原因調査・対策\n", "")
    assert "[deployments.本番環境] cause_within" not in values("本番環境", document=without)


def test_what_the_bindings_say_is_assumed_no_more() -> None:
    said = 'drill = "毎月第3火曜 10:00"\ncause_within = "3日"\n'
    found = values("ステージング環境", "本番環境", more="")
    tables = SERVICE + f'[deployments."ステージング環境"]{SHIP}{said}[deployments."本番環境"]{SHIP}'
    read = read_bindings(tables, Path("toban.toml"), PARTS.schema)
    design = read_design(DOCUMENT, "運用設計書.md")
    now = {each.setting: each.is_set for each in taken(design, read, PARTS.schema)}

    assert not found["[deployments.ステージング環境] drill"].is_set
    assert now["[deployments.ステージング環境] drill"]
    assert now["[deployments.ステージング環境] cause_within"]
    assert not now["[deployments.本番環境] cause_within"]


@pytest.mark.parametrize("written", ['"soon"', '"0日"', "5"])
def test_what_is_no_time_for_a_cause_is_refused(written: str) -> None:
    with pytest.raises(UnreadableBindings):
        values("本番環境", more=f"cause_within = {written}\n")
