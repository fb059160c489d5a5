"""What starts a deployment, in the words of documents."""

from pathlib import Path

import pytest

from toban.chapters.release.bindings import ReleaseBinding
from toban.chapters.release.tracking.triggers import Trigger, TriggerEvent, read_trigger
from toban.design.clauses.release import DeployRule
from toban.design.reader import read_design
from toban.message import Message

BOUND = ReleaseBinding(trunk="trunk", release_branches="release*")
MOVED, CREATED, TAGGED = TriggerEvent.MOVED, TriggerEvent.CREATED, TriggerEvent.TAGGED


def read(method: str, trigger: str) -> Trigger | Message:
    head = (
        "## 5. デプロイ・リリース\n### デプロイ方式\n"
        "| 環境 | デプロイ方式 | トリガー | 承認 |\n|---|---|---|---|"
    )
    text = f"{head}\n| 開発 | {method} | {trigger} | 不要 |\n"
    (rule,) = read_design(text, "運用設計書.md").of(DeployRule)
    return read_trigger(rule, BOUND)


@pytest.mark.parametrize(
    ("method", "trigger", "event", "pattern"),
    [
        ("自動", "mainブランチマージ時", MOVED, "main"),
        ("自動", "releaseブランチ作成時", CREATED, "release*"),
        ("自動デプロイ", "mainへのマージ", MOVED, "main"),
        ("自動", "ｍａｉｎ ブランチへの push", MOVED, "main"),
        ("自動 (GitHub Actions)", "developブランチへのマージ時", MOVED, "develop"),
        ("自動", "メインブランチへのマージ", MOVED, "trunk"),
        ("自動", "開発ブランチ更新時", MOVED, "develop"),
        ("自動", "PRマージ時", MOVED, "trunk"),
        ("自動", "リリースブランチを切ったとき", CREATED, "release*"),
        ("自動", "release/x.y ブランチ作成時", CREATED, "release/*"),
        ("自動", "release/* へのプッシュ", MOVED, "release/*"),
        ("自動", "hotfixブランチ作成", CREATED, "hotfix*"),
        ("自動", "タグ作成時", TAGGED, "*"),
        ("自動", "v* タグのプッシュ", TAGGED, "v*"),
        ("CI/CD", "main への push", MOVED, "main"),
        ("自動(手動承認)", "mainマージ", MOVED, "main"),
        ("automatic", "push to main", MOVED, "main"),
        ("Automatic", "On merge to develop", MOVED, "develop"),
        ("auto", "merge into the release branch", MOVED, "release*"),
        ("Automatic", "release branch created", CREATED, "release*"),
        ("Automatic", "When a release branch is cut", CREATED, "release*"),
        ("Automatic", "new tag v*", TAGGED, "v*"),
        ("GitHub Actions", "merge to main", MOVED, "main"),
        ("mainへのpushで自動", "", MOVED, "main"),
    ],
)
def test_events_of_the_source_start_it(method: str, trigger: str, event: TriggerEvent, pattern: str) -> None:
    assert read(method, trigger) == Trigger(event, pattern, is_automatic=True)


@pytest.mark.parametrize(
    ("method", "trigger", "event"),
    [
        ("手動", "リリース予定日時", TriggerEvent.PLANNED),
        ("手動", "mainブランチマージ後", TriggerEvent.ORDERED),
        ("手動", "", TriggerEvent.ORDERED),
        ("半自動", "releaseブランチ作成後", TriggerEvent.ORDERED),
        ("デプロイ", "手動実行のみ", TriggerEvent.ORDERED),
        ("Manual", "scheduled release date", TriggerEvent.PLANNED),
        ("manual", "on request", TriggerEvent.ORDERED),
        ("Capistrano", "毎月第2火曜日", TriggerEvent.PLANNED),
    ],
)
def test_people_start_the_others(method: str, trigger: str, event: TriggerEvent) -> None:
    assert read(method, trigger) == Trigger(event)


@pytest.mark.parametrize(
    ("method", "trigger", "code"),
    [
        ("自動", "リリース予定日時", "release-source.automatic-without-event"),
        ("自動", "別紙のとおり", "release-source.trigger-not-understood"),
        ("ブルーグリーン", "お客様次第", "release-source.trigger-not-understood"),
        ("自動", "", "release-source.trigger-not-understood"),
    ],
)
def test_what_can_not_be_read_is_said(method: str, trigger: str, code: str) -> None:
    found = read(method, trigger)

    assert isinstance(found, Message)
    assert found.code == code
    assert found.values["trigger"] == trigger


def test_the_reference_and_the_demo_are_read() -> None:
    demo = Path(__file__).parents[5] / "examples/webshop/運用設計書.md"
    rules = read_design(demo.read_text(encoding="utf-8"), "運用設計書.md").of(DeployRule)

    assert [read_trigger(rule, ReleaseBinding()) for rule in rules] == [
        Trigger(MOVED, "main", is_automatic=True),
        Trigger(CREATED, "release*", is_automatic=True),
        Trigger(TriggerEvent.PLANNED),
    ]
