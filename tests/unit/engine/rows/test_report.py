"""What is shown and announced of rows that were judged."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.design.clauses.decisions import Decision
from toban.design.reader import read_design
from toban.engine.evidence.verdict import Verdict, worst
from toban.engine.notify.signal import Condition
from toban.engine.rows.judgement import Judgement
from toban.engine.rows.report import RowAlerts, condition_of, update_of
from toban.message import NOTHING, plain

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
(ROW,) = read_design("# 運用設計書\n\n## 設計判断\n\n- 迅速復旧: ロールバックの自動化\n", "運用設計書.md").of(
    Decision
)
FULL = Judgement(Verdict.DEVIATING, plain("満杯"), plain("92%"), NOON + timedelta(days=1), {"run": 7})
ALERTS = RowAlerts(item="capacity", limit=plain("行のとおり"), advice=plain("増やす"))


@pytest.mark.parametrize(
    ("verdict", "condition"),
    [
        (Verdict.DEVIATING, Condition.CRITICAL),
        (Verdict.NOT_PERFORMED, Condition.WARNING),
        (Verdict.WARNING, Condition.WARNING),
        (Verdict.NOT_MEASURABLE, Condition.NO_DATA),
        (Verdict.BETWEEN, Condition.OK),
        (Verdict.UNBOUND, Condition.OK),
        (Verdict.NOT_DUE, Condition.OK),
        (Verdict.CONFORMING, Condition.OK),
        (Verdict.DECLARED, Condition.OK),
    ],
)
def test_a_verdict_means_a_condition(verdict: Verdict, condition: Condition) -> None:
    assert condition_of(Judgement(verdict, NOTHING)) is condition


def test_a_status_has_all_that_was_found() -> None:
    update = update_of(ROW, FULL, NOON)

    assert (update.clause_id, update.verdict, str(update.value)) == (ROW.id, Verdict.DEVIATING, "92%")
    assert (str(update.reason), update.observed_at) == ("満杯", NOON)
    assert (update.next_due, update.proof) == (NOON + timedelta(days=1), {"run": 7})


def test_a_bad_row_is_announced_with_the_reason_and_a_good_one_with_the_value() -> None:
    bad, good = (
        ALERTS.signal(ROW, FULL, NOON, condition=condition, subject=plain("ストレージ"))
        for condition in (Condition.CRITICAL, Condition.OK)
    )

    assert [str(each) for each in (bad.value, bad.limit, bad.advice)] == ["満杯", "行のとおり", "増やす"]
    assert [str(each) for each in (good.value, good.limit, good.advice)] == ["92%", "", ""]
    assert (bad.key, bad.clause_id, bad.citation, bad.labels) == (
        ROW.id,
        ROW.id,
        "運用設計書.md:5",
        {"item": "capacity"},
    )


def test_a_good_row_without_a_value_is_announced_with_the_reason() -> None:
    found = Judgement(Verdict.CONFORMING, plain("行のとおりに拡張できます"))

    good = ALERTS.signal(ROW, found, NOON, condition=Condition.OK, subject=plain("ストレージ"))

    assert str(good.value) == "行のとおりに拡張できます"


def test_the_first_of_the_worst_counts() -> None:
    first, second = Judgement(Verdict.WARNING, NOTHING), Judgement(Verdict.WARNING, plain("again"))

    assert worst([Judgement(Verdict.CONFORMING, NOTHING), first, second]) is first
    assert worst(list[Judgement]()) is None
