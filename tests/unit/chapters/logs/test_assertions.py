"""Whether all logs are in one place: decided from values."""

import pytest

from toban.chapters.logs.assertions import GatheredKind, judged
from toban.design.clauses.decisions import Decision
from toban.design.clauses.logs import LogKind
from toban.design.reader import read_design
from toban.engine.evidence.assertions import Judgement
from toban.engine.evidence.verdict import Verdict
from toban.message import plain

HERE = Verdict.CONFORMING


def judge(decision: str, *verdicts: Verdict | None, audit: str = "CloudWatch Logs") -> Judgement:
    """Judge *decision* with the verdicts on the application's log and the audit log."""
    design = read_design(
        "# 運用設計書\n## ログ管理\n### ログ種別\n"
        "| ログ種別 | 内容 | 出力先 | 保存期間 |\n|---|---|---|---|\n"
        f"| アプリログ | 経過 | CloudWatch Logs | 90日 |\n| 監査ログ | 操作 | {audit} | 1年 |\n"
        f"## 設計判断\n- {decision}\n",
        "x.md",
    )
    kinds = zip(design.of(LogKind), verdicts, strict=False)
    return judged(design.of(Decision)[0], [GatheredKind(row, each, plain("理由")) for row, each in kinds])


NAMED, UNNAMED = "ログ集約: CloudWatch Logs で一元管理", "ログ集約: 一か所に集める"


@pytest.mark.parametrize("decision", [NAMED, UNNAMED])
def test_all_that_arrived_keeps_the_decision(decision: str) -> None:
    found = judge(decision, HERE, Verdict.WARNING)

    assert (found.verdict, str(found.value)) == (Verdict.CONFORMING, "2種類中 2種類")


def test_another_destination_breaks_one_that_names_the_place() -> None:
    found = judge(NAMED, HERE, HERE, audit="S3")

    (each,) = found.against
    assert found.verdict is Verdict.DEVIATING
    assert str(each.text) == "監査ログ の出力先は S3 です。CloudWatch Logs ではありません"
    assert each.link is not None
    assert each.link.arguments == ("logs/log-kind/監査ログ",)
    assert judge(UNNAMED, HERE, HERE, audit="S3").verdict is Verdict.CONFORMING


@pytest.mark.parametrize(
    ("verdict", "expected"),
    [
        (Verdict.NOT_MEASURABLE, Verdict.NOT_MEASURABLE),
        (Verdict.UNBOUND, Verdict.UNBOUND),
        (None, Verdict.NOT_MEASURABLE),
    ],
)
def test_a_kind_that_is_not_here_leaves_it_open(verdict: Verdict | None, expected: Verdict) -> None:
    found = judge(NAMED, HERE, verdict)

    assert found.verdict is expected
    assert "監査ログ" in str(found.reason)


def test_a_document_without_kinds_of_log_can_not_be_judged() -> None:
    assert judge(NAMED).verdict is Verdict.NOT_MEASURABLE
