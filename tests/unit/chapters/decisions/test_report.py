"""What is shown and announced of a judgement."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.registered import PARTS

from toban.chapters.decisions.report import judgement_of, signal_of
from toban.design.clauses.decisions import Decision, DecisionSubject
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions.edition import Edition
from toban.engine.evidence.assertions import ASSERTIONS, Judgement
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition
from toban.engine.registry.kinds import Kinds
from toban.engine.registry.ports import Ports
from toban.engine.rows.report import update_of
from toban.message import plain

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
DESIGN = read_design(
    "# 運用設計書\n\n## 設計判断\n\n- 迅速復旧: ロールバックの自動化\n- 再発防止: 必ず報告書を作成\n",
    "運用設計書.md",
)
ROLLBACK, PREVENTION = DESIGN.of(Decision)
EDITION = Edition(DESIGN, read_bindings("", Path("toban.toml"), PARTS.schema), Kinds())


def broken(_decision: Decision, _edition: Edition, _now: datetime) -> Judgement:
    return Judgement(
        verdict=Verdict.DEVIATING, reason=plain("人が触った"), value=plain("12秒"), proof={"release": 7}
    )


OFFERED = {DecisionSubject.ROLLBACK: broken}
PORTS = Ports([{ASSERTIONS: f"{__name__}:OFFERED"}])


def test_a_decision_is_judged_by_whoever_offers_it() -> None:
    found = judgement_of(ROLLBACK, PORTS, EDITION, NOON)

    update = update_of(ROLLBACK, found, NOON)
    assert (update.verdict, str(update.value), update.proof) == (Verdict.DEVIATING, "12秒", {"release": 7})


def test_one_that_nobody_offers_to_judge_is_declared_only() -> None:
    found = judgement_of(PREVENTION, PORTS, EDITION, NOON)

    assert (found.verdict, found.reason.code) == (Verdict.DECLARED, "decisions.nobody-judges")


def test_a_broken_decision_warns_and_says_what_to_do() -> None:
    signal = signal_of(ROLLBACK, broken(ROLLBACK, EDITION, NOON), NOON)

    assert (signal.condition, str(signal.value)) == (Condition.WARNING, "人が触った")
    assert str(signal.subject) == "設計判断 迅速復旧"
    assert signal.advice


@pytest.mark.parametrize("verdict", [Verdict.CONFORMING, Verdict.NOT_DUE, Verdict.UNBOUND, Verdict.DECLARED])
def test_nothing_else_warns(verdict: Verdict) -> None:
    found = Judgement(verdict=verdict, reason=plain("x"))

    assert signal_of(ROLLBACK, found, NOON).condition is Condition.OK


def test_what_its_rows_announce_is_not_announced_twice() -> None:
    found = Judgement(verdict=Verdict.DEVIATING, reason=plain("x"), is_told=True)

    assert signal_of(ROLLBACK, found, NOON).condition is Condition.OK
