"""Whether the last way back needed a hand: decided from values."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.release.rows.assertions import WayBack, judged
from toban.chapters.release.rows.judging import DrillDate, Outcome
from toban.engine.bindings.model import System
from toban.engine.evidence.verdict import Verdict
from toban.message import plain

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
SYSTEM = System()
DONE = Outcome(
    number=7,
    version="v1",
    kind="rollback",
    state="done",
    ordered_at=NOON,
    planned_at=NOON,
    decided_at=NOON,
    served_at=NOON + timedelta(seconds=12),
)
FAILED = replace(DONE, state="failed", note=plain("web-1 の空きがありません"))


@pytest.mark.parametrize(
    ("way", "verdict", "is_told"),
    [
        (None, Verdict.NOT_DUE, False),
        (WayBack(DONE), Verdict.CONFORMING, False),
        (WayBack(replace(DONE, kind="drill")), Verdict.CONFORMING, False),
        (WayBack(FAILED), Verdict.DEVIATING, True),
        (WayBack(replace(FAILED, state="aborted")), Verdict.DEVIATING, True),
        (WayBack(DONE, ("ken",)), Verdict.DEVIATING, False),
        (WayBack(DONE, again_after=6), Verdict.DEVIATING, False),
        (WayBack(FAILED, again_after=6), Verdict.DEVIATING, False),
    ],
)
def test_every_hand_after_the_decision_counts(
    way: WayBack | None, verdict: Verdict, *, is_told: bool
) -> None:
    found = judged(way, DrillDate(NOON), SYSTEM)

    assert (found.verdict, found.is_told, found.next_due) == (verdict, is_told, NOON)


def test_each_counter_example_leads_to_its_release() -> None:
    found = judged(WayBack(FAILED, ("ken",), 6), DrillDate(None), SYSTEM)

    assert [(str(each.text), each.link and each.link.arguments) for each in found.against] == [
        ("切り戻し 7 は失敗しました: web-1 の空きがありません", (7,)),
        ("切り戻し 7 の実行を ken が再実行しました", (7,)),
        ("切り戻し 6 が失敗し、人が 7 を命じ直しました", (6,)),
    ]
