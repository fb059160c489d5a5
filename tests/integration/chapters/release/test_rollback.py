"""What another chapter may ask of a deployment: to go back to the version before."""

import time
from dataclasses import dataclass
from typing import Any

import pytest
from tests.integration.chapters.release.shop import BINDINGS, MINUTE, SECOND, STAGING, Shop
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.release.models import Release
from toban.chapters.release.running import rollback
from toban.chapters.release.running.rollback import find
from toban.engine.approvals.models import ApprovalRequest
from toban.engine.evidence.models import LedgerEntry
from toban.engine.instances.offered import ROLLBACKS, WATCHED, NotRolledBack, ReleasedDeployment, RollbackWish
from toban.engine.runs.rules import RunReason
from toban.message import plain
from toban.wiring import parts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _others(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have other workers act while somebody waits for a rollback."""
    monkeypatch.setattr(rollback, "system_clock", lambda: shop.now)
    monkeypatch.setattr(time, "sleep", lambda _seconds: shop.work(SECOND))


def served(shop: Shop, *versions: str) -> None:
    """Have *versions* serve in staging, one after another, each through its watch."""
    for version in versions:
        if version not in {each.subject for each in shop.source.log}:
            shop.source.add(version)
        shop.stage(version)
        shop.work(11 * MINUTE)


def deployment(shop: Shop) -> ReleasedDeployment:
    found = parts().ports.all(ROLLBACKS)[0](shop.edition, STAGING)
    assert found is not None
    return found


def wish(shop: Shop) -> RollbackWish:
    return RollbackWish("remedy/ロールバック", plain("エラー率急増"), shop.now)


def test_a_deployment_goes_back_to_the_version_before_and_says_so(shop: Shop) -> None:
    served(shop, "v1", "v2")
    found = deployment(shop)
    assert "v1" in str(found.way_back())

    said = found.roll_back(wish(shop), FakeTurn(due_at=shop.now))

    back = Release.objects.get(kind=Release.Kind.ROLLBACK)
    assert shop.engines[STAGING].version == "v1"
    assert (back.ordered_by, back.cause) == ("remedy/ロールバック", "エラー率急増")
    assert str(said) == f"ロールバック {back.pk}: v1 に戻りました"
    assert LedgerEntry.objects.filter(content__order="rollback-ordered").count() == 1
    assert find(shop.edition, "検証環境") is None


def test_a_repeated_order_goes_back_once(shop: Shop) -> None:
    served(shop, "v1", "v2", "v3")
    turn = FakeTurn(due_at=shop.now)

    for _ in range(2):
        deployment(shop).roll_back(wish(shop), turn)

    assert Release.objects.filter(kind=Release.Kind.ROLLBACK).count() == 1
    assert shop.engines[STAGING].version == "v2"


def test_without_a_version_before_there_is_no_way_back(shop: Shop) -> None:
    served(shop, "v1")

    with pytest.raises(NotRolledBack):
        deployment(shop).way_back()
    with pytest.raises(NotRolledBack):
        deployment(shop).roll_back(wish(shop), FakeTurn(due_at=shop.now))


def test_where_the_bindings_say_so_people_are_asked_and_whoever_waits_may_be_called_off(shop: Shop) -> None:
    text = BINDINGS.replace('rollback = "act"', 'rollback = "ask"', 1)
    shop.take(text)
    served(shop, "v1", "v2")

    @dataclass
    class Impatient(FakeTurn):
        looks: int = 0

        def why_stop(self) -> RunReason | None:
            self.looks += 1
            return RunReason.TIMED_OUT if self.looks > 3 else None

    turn: Any = Impatient(due_at=shop.now)
    with pytest.raises(NotRolledBack) as failed:
        deployment(shop).roll_back(wish(shop), turn)

    assert failed.value.retry
    assert shop.engines[STAGING].version == "v2"
    assert ApprovalRequest.objects.get().role == "運用責任者"
    assert "承認を待っています" in turn.progressed[-1][1]


def test_a_release_under_way_is_named(shop: Shop) -> None:
    served(shop, "v1")
    assert not deployment(shop).under_way()
    shop.source.add("v2")
    release = shop.release("v2", to=STAGING)
    Release.objects.filter(pk=release.pk).update(state=Release.State.RUNNING)

    assert str(deployment(shop).under_way()) == f"リリース {release.pk} (v2)"


def test_a_version_that_would_be_taken_back_is_named_while_it_is_watched(shop: Shop) -> None:
    served(shop, "v1")
    (watched,) = parts().ports.all(WATCHED)
    assert not watched(shop.now)

    shop.source.add("v2")
    shop.stage("v2")
    assert "v2" in str(watched(shop.now))

    shop.work(11 * MINUTE)
    assert not watched(shop.now)


def test_a_first_version_has_nothing_to_be_taken_back_to(shop: Shop) -> None:
    shop.stage("v1")

    (watched,) = parts().ports.all(WATCHED)

    assert Release.objects.filter(state=Release.State.WATCHED).exists()
    assert not watched(shop.now)
