"""What a release would run into, by the document, the bindings and the tables."""

from datetime import datetime, timedelta

import pytest
from tests.integration.chapters.release.rows.place import WHOLE, Place
from tests.integration.chapters.release.shop import BINDINGS, HOUR, MINUTE, NOON, PRODUCTION, STAGING

from toban.chapters.release.rows.collisions import collisions
from toban.chapters.release.rows.schedule import CollisionKind, blocking
from toban.engine.bindings.load import UnreadableBindings
from toban.engine.notify import alerts
from toban.engine.notify.models import Maintenance
from toban.engine.notify.signal import Condition, Signal
from toban.engine.runs.models import Run
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
FREEZE = """
[[releases.shop.freezes]]
from = 2026-12-28
until = 2027-01-04
reason = "年末年始"
[[releases.shop.freezes]]
from = 2026-04-20T18:00:00
until = 2026-04-21T06:00:00
reason = "棚卸し"
"""
BATCHES = """## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行時刻 | 処理内容 |
|---|---|---|---|
| B001 | 日次売上集計 | 毎日 12:30 | 売上を集計する |
"""


def kinds(place: Place, at: datetime) -> list[CollisionKind]:
    return [each.kind for each in collisions(place.edition, PRODUCTION, at, place.now)]


def test_an_ordinary_afternoon_is_free(place: Place) -> None:
    assert kinds(place, NOON + HOUR) == []


@pytest.mark.parametrize(
    ("at", "is_frozen"),
    [
        (NOON.replace(month=12, day=27), False),
        (NOON.replace(month=12, day=28, hour=0), True),
        (NOON.replace(year=2027, month=1, day=4, hour=23, minute=59), True),
        (NOON.replace(year=2027, month=1, day=5, hour=0), False),
        (NOON.replace(day=20, hour=18), True),
        (NOON.replace(day=21, hour=6), False),
    ],
)
def test_a_freeze_blocks_by_days_or_by_moments(place: Place, at: datetime, is_frozen: bool) -> None:
    place.take(BINDINGS + FREEZE, WHOLE)

    found = collisions(place.edition, PRODUCTION, at, place.now)

    assert bool(blocking(found)) is is_frozen
    assert (CollisionKind.FREEZE in {each.kind for each in found}) is is_frozen
    assert not is_frozen or "リリース凍結中" in str(blocking(found))


@pytest.mark.parametrize(
    "wrong",
    ["from = 2026-12-28\nuntil = 2026-12-27", 'from = "never"\nuntil = 2026-12-27', "from = 2026-12-28"],
)
def test_a_freeze_that_can_not_be_meant_is_refused(place: Place, wrong: str) -> None:
    with pytest.raises(UnreadableBindings):
        place.take(f'{BINDINGS}\n[[releases.shop.freezes]]\n{wrong}\nreason = "x"\n', WHOLE)


def test_batches_that_are_due_or_running_are_shown(place: Place) -> None:
    place.take(BINDINGS, WHOLE + BATCHES)
    batch = place.edition.design.clauses[-1]
    Run.objects.create(
        work="B001",
        due_at=NOON,
        clause_id=batch.id,
        ordered_by="schedule",
        state=Run.State.RUNNING,
        reason="on-time",
        wake_at=NOON,
    )

    assert kinds(place, NOON) == [CollisionKind.BATCH] * 2
    assert kinds(place, NOON + HOUR) == []


def test_announced_maintenance_is_shown(place: Place) -> None:
    Maintenance.objects.create(
        starts_at=NOON + HOUR + 29 * MINUTE, ends_at=NOON + 3 * HOUR, reason="DB 入替", targets=[]
    )

    assert kinds(place, NOON + HOUR) == [CollisionKind.MAINTENANCE]
    assert kinds(place, NOON + 3 * HOUR) == []


def signal(key: str, condition: Condition) -> Signal:
    return Signal(
        key=key,
        clause_id=key.removesuffix("/burn"),
        citation="運用設計書.md:1",
        clause_text="",
        condition=condition,
        subject=plain(key),
        value=plain("14.4"),
        limit=NOTHING,
        began_at=NOON,
        detected_at=NOON,
    )


def test_critical_alerts_and_burning_budgets_are_shown_and_our_own_rows_are_not(place: Place) -> None:
    alerts.report(
        [
            signal("monitoring/monitor/CPU", Condition.CRITICAL),
            signal("monitoring/monitor/memory", Condition.WARNING),
            signal("objectives/objective/稼働率/burn", Condition.WARNING),
            signal("objectives/objective/応答/burn", Condition.CRITICAL),
            signal("release/deploy-rule/本番環境", Condition.CRITICAL),
        ],
        NOON,
    )

    assert sorted(kinds(place, NOON + DAY)) == [CollisionKind.ALERT, *[CollisionKind.BUDGET] * 2]
    assert not blocking(collisions(place.edition, STAGING, NOON + DAY, NOON))
