"""How old the drill may be that proves a recovery time: decided from values."""

from datetime import UTC, datetime, timedelta

import pytest

from toban.chapters.backup.assertions import DrillAge, judged_age
from toban.engine.evidence.assertions import Judgement
from toban.engine.evidence.verdict import Verdict
from toban.message import plain

NOON = datetime(2026, 4, 10, 12, tzinfo=UTC)
DAY = timedelta(days=1)
MET = Judgement(
    verdict=Verdict.CONFORMING, reason=plain("x"), value=plain("1時間"), proof={"row": "r"}, is_told=True
)


def drill(age: timedelta, period: timedelta | None = 30 * DAY) -> DrillAge:
    return DrillAge("PostgreSQL", 7, NOON - age, period)


@pytest.mark.parametrize(
    ("ages", "verdict"),
    [
        ([], Verdict.CONFORMING),
        ([drill(31 * DAY)], Verdict.CONFORMING),
        ([drill(31 * DAY + timedelta(seconds=1))], Verdict.DEVIATING),
        ([drill(400 * DAY, None)], Verdict.CONFORMING),
        ([drill(DAY), drill(40 * DAY)], Verdict.DEVIATING),
    ],
)
def test_the_period_and_a_day_of_grace_decide(ages: list[DrillAge], verdict: Verdict) -> None:
    assert judged_age(MET, ages, NOON).verdict is verdict


def test_an_old_drill_is_linked_and_announced() -> None:
    found = judged_age(MET, [drill(40 * DAY)], NOON)

    (each,) = found.against
    assert str(each.text) == "PostgreSQL の復旧訓練は 40日前のものです。文書の周期は 30日 です"
    assert each.link is not None
    assert (each.link.page, each.link.arguments) == ("drill", (7,))
    assert (str(found.value), found.proof["row"], found.is_told) == ("1時間", "r", False)
