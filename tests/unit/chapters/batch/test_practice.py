"""How the document wants batches run and monitored, and how that is shown outside their rows."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.registered import schema

from toban.chapters.batch import practice, works
from toban.chapters.batch.kinds import command, ping
from toban.design.clauses.batch import BatchWatch
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.registry.kinds import Kinds
from toban.message import Message

NOON = datetime(2026, 4, 1, 3, tzinfo=UTC)
DOCUMENT = """# 運用設計書

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | DBバックアップ | 日次 | 深夜2:00 | フルバックアップ | 再実行、アラート |
| B002 | ログ削除 | 日次 | 深夜3:00 | 古いログ削除 | 翌日再実行 |

### バッチ実行方式
- **{name}**: {words}
"""
OURS = '[batches.B001]\ncommand = ["backup"]\n'
OUTSIDE = '[batches.B002]\nkind = "ping"\ntoken = "env:TOKEN"\n'
KINDS = {"command": command.KIND, "ping": ping.KIND}


def plan(name: str, words: str, bindings: str) -> works.BatchPlan:
    design = read_design(DOCUMENT.format(name=name, words=words), "運用設計書.md")
    configs = {kind: each.config for kind, each in KINDS.items()}
    return works.plan(
        design,
        read_bindings(bindings, Path("toban.toml"), schema(batches=configs)),
        Kinds.given(batches=KINDS),
    )


def said(name: str, words: str, bindings: str) -> tuple[str, str]:
    made = plan(name, words, bindings)
    [status] = practice.statuses(made.practice, made.works, NOON)
    return status.verdict, str(status.reason)


@pytest.mark.parametrize(
    ("named", "bindings", "verdict", "words"),
    [
        ("Toban", OURS, "conforming", "Toban が 1 件を予定どおりに動かします"),
        ("cron", OUTSIDE, "conforming", "外で動く 1 件は、報告が届くかを見張ります"),
        ("cron / Toban", OURS + OUTSIDE, "conforming", "Toban が 1 件"),
        ("CloudWatch Events / Cron", OURS, "deviating", "文書では CloudWatch Events、Cron ですが"),
        ("Toban", OURS + OUTSIDE, "deviating", "1 件は Toban の外で動き"),
    ],
)
def test_the_scheduler_in_use_is_compared_with_the_document(
    named: str, bindings: str, verdict: str, words: str
) -> None:
    found = said("スケジューラー", named, bindings)

    assert found[0] == verdict
    assert words in found[1]


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        (
            "実行開始・終了ログ、実行時間監視",
            "始まりと終わりを記録し、かかった時間をいつもの長さと見比べています",
        ),
        (
            "開始と終了の記録、かかった時間の監視",
            "始まりと終わりを記録し、かかった時間をいつもの長さと見比べ",
        ),
        ("失敗時のアラート", "失敗、遅れ、未実施を通知しています"),
        ("duration, failures", "かかった時間をいつもの長さと見比べ、失敗、遅れ、未実施を通知しています"),
    ],
)
def test_the_status_says_how_the_documents_batch_monitoring_is_met(asked: str, words: str) -> None:
    found = said("監視", asked, OURS)

    assert found[0] == "conforming"
    assert words in found[1]


def test_batches_that_run_elsewhere_are_not_claimed_to_be_retried() -> None:
    rule = "失敗時3回まで自動リトライ (間隔: 5分、15分、30分)"

    assert said("リトライ", rule, OUTSIDE) == (
        "declared", "つないだバッチはどれも外で動くので、再試行も外で行われます"
    )  # fmt: skip
    assert "1 件" in said("リトライ", rule, OURS + OUTSIDE)[1]


def test_an_unmonitored_batch_is_never_green() -> None:
    assert said("監視", "開始の記録、CPU温度", OURS) == (
        "not-measurable", "「CPU温度」が何を見ることか、Toban には分かりません"
    )  # fmt: skip


def test_without_a_bound_batch_no_practice_is_claimed() -> None:
    made = plan("スケジューラー", "Toban", "")

    assert made.practice == ()
    assert Message("batch.none-is-bound", file="toban.toml") in made.unbound.values()


def test_the_status_is_in_english_too() -> None:
    made = plan("監視", "duration, failures", OURS)
    [status] = practice.statuses(made.practice, made.works, NOON)

    assert status.reason.in_language("en") == (
        "1 bound batch is watched: their durations are compared with the usual ones, "
        "failures, delays and missed runs are notified"
    )


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ("開始・終了通知、実行時間監視", {"start", "end"}),
        ("実行開始と終了の通知", {"start", "end"}),
        ("完了時に通知、正常終了のお知らせ", {"end"}),
        ("開始通知", {"start"}),
        ("start and end notices", {"start", "end"}),
        ("実行開始・終了ログ、実行時間監視", set()),
        ("失敗通知、開始の記録", set()),
    ],
)
def test_the_document_may_require_start_and_end_notices(asked: str, told: set[str]) -> None:
    made = plan("監視", asked, OURS + OUTSIDE)

    assert practice.announced(row for row in made.practice if isinstance(row, BatchWatch)) == told
    for work in made.works.values():
        assert (work.announces_start, work.announces_end) == ("start" in told, "end" in told)
