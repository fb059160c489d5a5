"""The decision that rollbacks need no hand, held against those that there were."""

from pathlib import Path

import pytest
from tests.integration.chapters.decisions.judging import judge
from tests.integration.chapters.release.rows.place import WHOLE, Place
from tests.integration.chapters.release.shop import HOUR, MINUTE, PRODUCTION, Shop

from toban.chapters.release.models import Release
from toban.chapters.release.ordering import orders
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.runs.models import Run

DECISION = "decisions/decision/障害対応/迅速復旧"
DOCUMENT = f"""{WHOLE}
## 13. 重要な設計判断
### 障害対応
- **迅速復旧**: ロールバック手順の自動化
"""


@pytest.fixture
def place(shop: Shop, tmp_path: Path) -> Place:
    place = Place(tmp_path, document=DOCUMENT)
    place.source.add("v1")
    place.bring("v1")
    place.now += HOUR
    place.bring("v2")
    return place


def back(place: Place) -> Release:
    place.now += MINUTE
    release = orders.roll_back(
        place.plan.deployments[PRODUCTION], "500 が増えた", place.order("nami"), place.now
    )
    place.work()
    release.refresh_from_db()
    return release


def judged(place: Place) -> Verdict:
    place.tell()
    judge(place.edition, place.now)
    return place.verdict(DECISION)


def test_before_the_first_rollback_there_was_no_occasion(place: Place) -> None:
    assert judged(place) is Verdict.NOT_DUE


def test_a_rollback_that_ran_to_its_end_keeps_the_decision(place: Place) -> None:
    release = back(place)

    assert judged(place) is Verdict.CONFORMING
    assert place.proof(DECISION)["release"] == release.pk
    assert not Alert.objects.filter(clause_id=DECISION).exists()


def test_a_rollback_that_fails_breaks_the_decision_and_is_announced_once(place: Place) -> None:
    place.engines[PRODUCTION].fails = "switch"

    release = back(place)

    assert release.state == Release.State.FAILED
    assert judged(place) is Verdict.DEVIATING
    # The row of the procedure announces it.
    assert not Alert.objects.filter(clause_id=DECISION).exists()


def test_one_that_somebody_orders_again_breaks_the_decision_until_the_next(place: Place) -> None:
    place.engines[PRODUCTION].fails = "switch"
    failed = back(place)
    place.engines[PRODUCTION].fails = ""

    second = back(place)

    assert (second.state, second.undoes_id) == (Release.State.DONE, failed.pk)
    assert judged(place) is Verdict.DEVIATING
    assert place.proof(DECISION)["again_after"] == failed.pk
    assert Alert.objects.filter(clause_id=DECISION, resolved_at=None).count() == 1


def test_a_run_that_somebody_had_repeated_breaks_the_decision(place: Place) -> None:
    release = back(place)
    run = Run.objects.get(pk=release.run or 0)
    for number, actor in ((run.pk, "ken"), (run.pk + 1, "mio")):
        content = {"order": "again", "work": run.work, "run": number}
        record = ledger.Record(LedgerEntry.Kind.AUDIT, content, actor=actor, clause_id=run.clause_id)
        ledger.append(record, now=place.now)

    assert judged(place) is Verdict.DEVIATING
    assert place.proof(DECISION)["repeated_by"] == ["ken"]
