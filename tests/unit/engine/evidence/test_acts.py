"""Rows of one act share the answer and the status of the row that leads."""

from datetime import UTC, datetime

from toban.design.acts import same_acts
from toban.design.reader import read_design
from toban.engine.evidence.acts import also_answered, also_shown
from toban.engine.evidence.status import StatusUpdate
from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, plain

NOW = datetime(2026, 4, 6, tzinfo=UTC)
DESIGN = read_design(
    """# 運用設計書
## 4. バックアップ・リストア
### RPO/RTO
| 項目 | 目標値 |
|---|---|
| RPO | 1時間 |
| RTO | 4時間 |
## 13. 重要な設計判断
### バックアップ戦略
- **RPO 1時間**: 1時間毎の増分バックアップ
""",
    "運用設計書.md",
)
ACTS = same_acts(DESIGN)
RPO, RTO = "backup/recovery-objective/RPO", "backup/recovery-objective/RTO"
DECISION = "decisions/decision/バックアップ戦略/RPO-1時間"


def test_a_joined_row_has_the_answer_of_its_leading_row_unless_it_has_its_own() -> None:
    why = plain("書いてください")

    assert also_answered({RPO: why, RTO: NOTHING}, ACTS) == {RPO: why, RTO: NOTHING, DECISION: why}
    assert also_answered({RPO: why, DECISION: NOTHING}, ACTS)[DECISION] == NOTHING
    assert also_answered({RTO: NOTHING}, ACTS) == {RTO: NOTHING}


def test_a_joined_row_is_shown_as_its_leading_row_and_names_it() -> None:
    updates = [
        StatusUpdate(each, Verdict.CONFORMING, plain("20分"), plain("戻せる"), NOW, proof={"backup": 1})
        for each in (RPO, RTO)
    ]

    shown = {each.clause_id: each for each in also_shown(updates, ACTS)}

    assert list(shown) == [RPO, DECISION, RTO]
    joined = shown[DECISION]
    assert (joined.verdict, joined.value, joined.proof) == (
        Verdict.CONFORMING, updates[0].value, {"backup": 1},
    )  # fmt: skip
    assert str(joined.reason) == "運用設計書.md:6 と同じことを求める行です。戻せる"
