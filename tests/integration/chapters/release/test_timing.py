"""When a release may be planned: on the schedule's days, or for a cause, and not in a freeze."""

from datetime import timedelta

import pytest
from tests.integration.chapters.release.shop import BINDINGS, NOON, PRODUCTION, STAGING, Shop

from toban.chapters.release.models import Release
from toban.chapters.release.ordering.planning import Draft, Wish, draft
from toban.engine.orders import NotPossible

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)
FREEZE = """
[[releases.shop.freezes]]
from = 2026-04-14
until = 2026-04-20
reason = "棚卸し"
"""


def look(shop: Shop, wish: Wish) -> Draft:
    return draft(shop.edition, shop.plan, wish, home=shop.home, now=shop.now)


def refused(found: Draft) -> list[str]:
    return [str(each.said) for each in found.refusals]


def test_a_release_without_a_time_is_on_the_next_day_of_the_schedule(shop: Shop) -> None:
    shop.stage("v1")
    shop.now += DAY
    found = look(shop, Wish(PRODUCTION))
    assert (f"{found.planned_at:%Y-%m-%d %H:%M}", found.refusals) == ("2026-05-12 20:00", ())
    assert found.schedule is not None
    assert found.schedule.name == "マイナーリリース"


def test_another_day_takes_a_cause_that_cites_something(shop: Shop) -> None:
    shop.stage("v1")
    shop.now += DAY
    with pytest.raises(NotPossible, match="スケジュールの外"):
        shop.release("v1")
    with pytest.raises(NotPossible, match="障害やエラーを示していません"):
        shop.release("v1", cause="急ぎ")
    release = shop.release("v1", cause="障害 #12")
    assert (release.kind, release.schedule_clause_id) == (Release.Kind.PATCH, shop.plan.schedules[1].id)


def test_staging_knows_no_schedule(shop: Shop) -> None:
    shop.now += DAY
    assert look(shop, Wish(STAGING)).refusals == ()


def test_nothing_is_released_in_a_freeze_without_a_reason(shop: Shop) -> None:
    shop.stage("v1")
    shop.take(
        BINDINGS.replace('[deployments."ステージング環境"]', FREEZE + '[deployments."ステージング環境"]')
    )
    assert any("棚卸し" in each for each in refused(look(shop, Wish(PRODUCTION, at=NOON))))
    found = look(shop, Wish(PRODUCTION, at=NOON, despite="決済が止まっている"))
    assert found.refusals == ()
    assert any("決済が止まっている" in str(value) for _label, value in found.facts)
    assert look(shop, Wish(PRODUCTION, at=NOON + 28 * DAY)).refusals == ()
