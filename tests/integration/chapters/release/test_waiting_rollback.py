"""A rollback that somebody has asked for, and that waits for whoever may decide."""

import pytest
from tests.integration.chapters.release.shop import (
    HOUR,
    MINUTE,
    PRODUCTION,
    Shop,
)
from tests.integration.chapters.release.test_releases import serving

from toban.chapters.release.models import Release
from toban.chapters.release.ordering import orders
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.approvals.rules import RequestState
from toban.engine.orders import NotPossible
from toban.engine.runs.models import Run

pytestmark = pytest.mark.django_db


def test_what_is_gone_back_from_was_noticed_when_that_was_ordered_at_the_latest(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")

    asked = orders.roll_back(
        shop.plan.deployments[PRODUCTION],
        "戻したい",
        shop.order("ken"),
        shop.now,
        detected_at=shop.now + HOUR,
    )

    assert asked.detected_at == shop.now


def test_a_rollback_that_waits_is_over_once_another_version_serves(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")
    asked = orders.roll_back(shop.plan.deployments[PRODUCTION], "戻したい", shop.order("ken"), shop.now)
    shop.work()
    request = ApprovalRequest.objects.latest("pk")
    shop.source.add("v3")
    shop.now += MINUTE
    shop.stage("v3")
    shop.release("v3")
    shop.work()
    shop.approve()
    shop.work()
    assert shop.serves == "v3"

    # What was asked is to go from v2 to v1; an answer may come before the loop has looked.
    Release.objects.filter(pk=asked.pk).update(state=Release.State.PLANNED)
    ApprovalRequest.objects.filter(pk=request.pk).update(state=RequestState.OPEN)
    with pytest.raises(NotPossible, match="別の版が稼働しました"):
        shop.approve("nami", request)

    shop.work()
    asked.refresh_from_db()
    request.refresh_from_db()
    assert (shop.serves, asked.state, asked.decided_at) == ("v3", Release.State.ABORTED, None)
    assert "別の版が稼働しました" in str(asked.note)
    assert request.state == RequestState.SUPERSEDED


def test_a_rollback_that_waits_is_over_once_it_would_go_back_over_a_migration(shop: Shop) -> None:
    serving(shop, "v1")
    shop.source.add("v2")
    serving(shop, "v2")
    asked = orders.roll_back(shop.plan.deployments[PRODUCTION], "戻したい", shop.order("ken"), shop.now)
    shop.work()
    request = ApprovalRequest.objects.latest("pk")
    assert not request.is_irreversible
    shop.source.add("v3")
    shop.stage("v3")
    failed = shop.release("v3")
    Release.objects.filter(pk=failed.pk).update(
        is_reversible=False, state=Release.State.FAILED, run=Run.objects.latest("pk").pk
    )
    Run.objects.filter(pk=Run.objects.latest("pk").pk).update(step="install")

    with pytest.raises(NotPossible, match="マイグレーションの前の版"):
        shop.approve("nami", request)

    shop.work()
    asked.refresh_from_db()
    assert (shop.serves, asked.state) == ("v2", Release.State.ABORTED)
    # Whoever still wants it asks for what it is by now.
    orders.roll_back(shop.plan.deployments[PRODUCTION], "戻したい", shop.order("ken"), shop.now)
    shop.work()
    assert ApprovalRequest.objects.latest("pk").is_irreversible
