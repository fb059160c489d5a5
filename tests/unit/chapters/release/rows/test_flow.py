from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from toban.chapters.release.rows import flow
from toban.chapters.release.rows.causes import cause_step
from toban.chapters.release.rows.flow import Evidence, FlowStep, ReleaseWay, Seen
from toban.chapters.release.source import ProofKind
from toban.design.clauses.release import DeployFlow, RollbackProcedure
from toban.design.reader import load_design
from toban.message import Message, plain

SHOP = Path(__file__).parents[5] / "examples" / "webshop"
ENVIRONMENTS = ("開発環境", "ステージング環境", "本番環境")
DEMO = (
    "コードレビュー (GitHub PR)",
    "マージ → main/release ブランチ",
    "CI実行 (ビルド、テスト)",
    "ステージング環境デプロイ (自動)",
    "動作確認 (手動)",
    "本番環境デプロイ (手動承認)",
)
STEPS = flow.flow_of(DEMO, ENVIRONMENTS)
NOON = datetime(2026, 4, 14, 12, tzinfo=UTC)
YES = Seen(Evidence.GIVEN, plain("yes"), NOON, "https://example.com/1")
WHOLE = ReleaseWay(
    "本番環境",
    served_at=NOON,
    proofs=dict.fromkeys(ProofKind, YES),
    brought={"ステージング環境": YES},
    verified={"ステージング環境": YES},
    approval=YES,
)


def kinds(step: FlowStep) -> str:
    return "+".join(step.kinds)


def test_the_steps_of_the_document_are_understood() -> None:
    assert [(kinds(each), each.environment, each.is_automatic) for each in STEPS] == [
        ("review", "", None),
        ("merge", "", None),
        ("checks", "", None),
        ("deploy", "ステージング環境", True),
        ("verify", "ステージング環境", False),
        ("deploy+approval", "本番環境", False),
    ]


def test_the_steps_of_the_demo_are_those_of_the_reference() -> None:
    design = load_design(SHOP / "運用設計書.md")
    (row,) = design.of(DeployFlow)

    steps = flow.flow_of(row.steps, ENVIRONMENTS)

    assert [each.text for each in steps][4] == "買い物の通し確認 (手動)"
    assert [(each.kinds, each.environment, each.is_automatic) for each in steps] == [
        (each.kinds, each.environment, each.is_automatic) for each in STEPS
    ]
    (back,) = design.of(RollbackProcedure)
    assert cause_step(back) == "何が起きたかを調べ、直す"


# Steps of real documents, and what others call them.
@pytest.mark.parametrize(
    ("text", "expected", "environment"),
    [
        ("開発環境テスト: 機能開発後の初期テスト", "checks", ""),
        ("コードレビュー: 最低2名の承認", "review", ""),
        ("テスト環境デプロイ: 自動テスト実行", "deploy+checks", "テスト環境"),
        ("ステージング環境デプロイ: 手動テストと検証", "deploy+verify", "ステージング環境"),
        ("本番環境デプロイ: カナリアリリースまたはブルー/グリーンデプロイ", "deploy", "本番環境"),
        ("モニタリング: デプロイ後の監視強化", "people", ""),
        ("ロールバック準備: 問題発生時の迅速な対応", "people", ""),
        ("リリースノート作成", "people", ""),
        ("関係者への通知", "people", ""),
        ("プルリクエストの承認", "review", ""),
        ("main ブランチマージ", "merge", ""),
        ("リリース判定会議", "approval", ""),
        ("リリース承認", "approval", ""),
        ("本番リリース", "deploy", "本番環境"),
        ("検証環境へ反映", "deploy", "ステージング環境"),
        ("準本番環境へリリース", "deploy", "ステージング環境"),
        ("ステージングでの受入テスト", "verify", "ステージング環境"),
        ("設計レビュー", "people", ""),
        ("Peer review of the pull request", "review", ""),
        ("Merge to main", "merge", ""),
        ("CI (build and unit tests)", "checks", ""),
        ("Deploy to staging (automatic)", "deploy", "ステージング環境"),
        ("Smoke test", "verify", ""),
        ("Manual verification on staging", "verify", "ステージング環境"),
        ("Promote to production (manual approval)", "deploy+approval", "本番環境"),
        ("Post-deployment review", "people", ""),
        ("Write the release notes", "people", ""),
        ("Go/No-Go meeting", "approval", ""),
        ("Deploy", "deploy", "本番環境"),
    ],
)
def test_a_step_is_what_its_words_say(text: str, expected: str, environment: str) -> None:
    (step,) = flow.flow_of([text], ENVIRONMENTS)

    assert (kinds(step), step.environment) == (expected, environment)


def test_a_name_is_written_as_the_rows_of_environments_write_it() -> None:
    (step,) = flow.flow_of(["Deploy to production"], ("dev", "PROD (tokyo)"))

    assert step.environment == "PROD (tokyo)"


def test_the_name_of_a_step_has_no_remark() -> None:
    assert [each.name for each in STEPS[3:5]] == ["ステージング環境デプロイ", "動作確認"]


def test_a_release_with_every_step_lacks_nothing() -> None:
    found = flow.evidence(STEPS, WHOLE)

    assert [each.evidence for each in found] == [Evidence.GIVEN] * 6
    assert flow.whole(found) == Message("release-rows.steps-given", given=6, asked=6)


def test_a_planned_release_has_its_own_step_ahead() -> None:
    way = ReleaseWay("本番環境", proofs=WHOLE.proofs, brought=WHOLE.brought, verified=WHOLE.verified)

    *before, own = flow.evidence(STEPS, way)

    assert [each.evidence for each in before] == [Evidence.GIVEN] * 5
    assert own.evidence is Evidence.MISSING
    assert own.said.values["then"] == Message("release-rows.not-approved")


def test_other_bytes_on_staging_are_no_evidence() -> None:
    way = ReleaseWay("本番環境", NOON, WHOLE.proofs, approval=YES)

    assert [each.step.number for each in flow.lacking(flow.evidence(STEPS, way))] == [4, 5]


def test_what_a_source_can_not_know_is_not_assumed() -> None:
    proofs = {ProofKind.MERGE: YES, ProofKind.REVIEW: Seen(Evidence.UNKNOWN, plain("plain git"))}
    found = flow.evidence(STEPS, ReleaseWay("本番環境", NOON, proofs, WHOLE.brought, WHOLE.verified))

    assert [each.evidence for each in found[:3]] == [Evidence.UNKNOWN, Evidence.GIVEN, Evidence.UNKNOWN]


def test_a_release_to_staging_needs_only_the_steps_before_it() -> None:
    found = flow.evidence(STEPS, ReleaseWay("ステージング環境", NOON, WHOLE.proofs))

    assert [each.step.number for each in found] == [1, 2, 3, 4, 5]
    assert [each.evidence for each in found[3:]] == [Evidence.GIVEN, Evidence.AHEAD]
    assert flow.evidence(STEPS, ReleaseWay("開発環境", NOON)) == []


def test_an_approval_before_the_next_deployment_belongs_to_that_one() -> None:
    steps = flow.flow_of(["CI", "ステージング環境デプロイ", "リリース承認", "本番環境デプロイ"], ENVIRONMENTS)

    assert [each.number for each in flow.steps_to(steps, "ステージング環境")] == [1, 2]
    assert [each.number for each in flow.steps_to(steps, "本番環境")] == [1, 2, 3, 4]


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        (Message("x.reviewed", reviewers=("nami", "ken")), Evidence.GIVEN),
        (Message("x.reviewed", reviewers=("nami",)), Evidence.MISSING),
        (Message("x.reviewed"), Evidence.UNKNOWN),
    ],
)
def test_two_reviewers_are_two(said: Message, expected: Evidence) -> None:
    steps = flow.flow_of(["コードレビュー: 最低2名の承認", "本番環境デプロイ"], ENVIRONMENTS)
    way = ReleaseWay("本番環境", NOON, {ProofKind.REVIEW: Seen(Evidence.GIVEN, said)})

    assert flow.evidence(steps, way)[0].evidence is expected


def test_an_automatic_look_is_what_toban_found_itself() -> None:
    steps = flow.flow_of(
        ["ステージング環境デプロイ", "スモークテスト (自動)", "本番環境デプロイ"], ENVIRONMENTS
    )
    healthy = replace(WHOLE, verified={}, healthy={"ステージング環境": YES})
    signed = replace(WHOLE, healthy={})

    assert flow.lacking(flow.evidence(steps, healthy)) == []
    assert [each.step.number for each in flow.lacking(flow.evidence(steps, signed))] == [2]
    assert flow.verified_environments(steps) == ()
    assert [each.number for each in flow.verified_environments(STEPS)] == [5]


MARKS = st.sampled_from([*Evidence][:3])


@settings(max_examples=40, deadline=None)
@given(st.dictionaries(st.sampled_from([*ProofKind]), MARKS), MARKS, MARKS, MARKS)
def test_a_release_lacks_exactly_the_steps_that_are_not_given(
    proofs: Mapping[ProofKind, Evidence], brought: Evidence, looked: Evidence, approved: Evidence
) -> None:
    way = ReleaseWay(
        "本番環境",
        NOON,
        {kind: Seen(mark, plain(mark)) for kind, mark in proofs.items()},
        {"ステージング環境": Seen(brought, plain("x"))},
        {"ステージング環境": Seen(looked, plain("x"))},
        approval=Seen(approved, plain("x")),
    )
    wanted = [
        *(proofs.get(ProofKind(kind), Evidence.UNKNOWN) for kind in ("review", "merge", "checks")),
        brought,
        looked,
        approved,
    ]

    found = flow.evidence(STEPS, way)

    assert [each.evidence for each in found] == wanted
    assert [each.step.number - 1 for each in flow.lacking(found)] == [
        place for place, mark in enumerate(wanted) if mark is Evidence.MISSING
    ]
