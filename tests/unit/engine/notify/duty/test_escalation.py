from datetime import UTC, datetime, timedelta

from toban.design.clauses.duty import DutyRole
from toban.design.reader import read_design
from toban.engine.bindings.model import EscalationStep, NoticeBinding
from toban.engine.notify.duty.escalation import EscalationCall, due, next_at, policy, read, written
from toban.message import Message, plain

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
STEPS = (
    EscalationCall(15 * MINUTE, ("当番",), plain("here")),
    EscalationCall(30 * MINUTE, ("緊急連絡先", "運用責任者"), Message("notify.assumed", row="here")),
)
DUTIES = read_design(
    """# 運用設計書

## 1. 運用方針

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 運用責任者 | 上原 | 平日9:00-18:00 |
| 緊急連絡先 | 090-0000-0000 | 24時間365日 |
""",
    "運用設計書.md",
).of(DutyRole)


def test_a_step_is_due_when_its_time_has_come() -> None:
    def called(minutes: float, done: int = 0) -> list[EscalationCall]:
        return list(due(STEPS, done=done, began_at=NOON, now=NOON + minutes * MINUTE))

    assert called(14.99) == []
    assert called(15) == [STEPS[0]]
    assert called(15, done=1) == []
    assert called(30, done=1) == [STEPS[1]]
    assert called(31) == list(STEPS)


def test_the_next_step_is_known_until_the_last() -> None:
    assert next_at(STEPS, done=0, began_at=NOON) == NOON + 15 * MINUTE
    assert next_at(STEPS, done=1, began_at=NOON) == NOON + 30 * MINUTE
    assert next_at(STEPS, done=2, began_at=NOON) is None


def test_steps_from_the_bindings_are_ordered_by_time() -> None:
    steps = (EscalationStep(after=30 * MINUTE, to=("乙",)), EscalationStep(after=5 * MINUTE, to=("甲",)))

    found = policy(NoticeBinding(escalation=steps), DUTIES, "toban.toml")

    assert [(call.after, call.roles) for call in found] == [(5 * MINUTE, ("甲",)), (30 * MINUTE, ("乙",))]
    assert str(found[0].ordered_by) == "toban.toml [[notices.escalation]]"


def test_by_default_the_emergency_contact_is_assumed_and_the_assumption_is_stated() -> None:
    (call,) = policy(NoticeBinding(), DUTIES, "toban.toml")

    assert (call.after, call.roles) == (15 * MINUTE, ("緊急連絡先",))
    assert str(call.ordered_by) == "運用設計書.md:9 (仮定)"


def test_the_time_until_the_emergency_contact_is_called_comes_from_the_bindings() -> None:
    (call,) = policy(NoticeBinding(escalate_after=7 * MINUTE), DUTIES, "toban.toml")

    assert call.after == 7 * MINUTE


def test_without_an_emergency_contact_nothing_is_assumed() -> None:
    assert policy(NoticeBinding(), DUTIES[:1], "toban.toml") == ()


def test_a_policy_survives_being_stored() -> None:
    assert read(written(STEPS)) == STEPS
