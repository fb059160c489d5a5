"""A table of `[deployments]` with another name: what serves there, and the way back, are known as before."""

import pytest
from tests.integration.chapters.release.shop import BINDINGS, HOUR, PRODUCTION, STAGING, Shop

from toban.chapters.release.models import DeploymentLock, Release, ServingLook, SourceLook
from toban.chapters.release.ordering import first, orders
from toban.chapters.release.ordering.planning import deployment_named, serving_artifact
from toban.chapters.release.ordering.renames import Renames
from toban.chapters.release.places import folder_of
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
from toban.engine.runs.models import Run

pytestmark = pytest.mark.django_db

RENAMED = BINDINGS.replace(f'[deployments."{STAGING}"]', f'[deployments.stg]\nenvironment = "{STAGING}"')


@pytest.fixture
def served(shop: Shop) -> Shop:
    """Return the shop with two versions that served in staging."""
    for version in ("v1", "v2"):
        if version != "v1":
            shop.source.add(version)
        shop.stage(version)
        shop.work(HOUR)
    return shop


def follow(shop: Shop, bindings: str = RENAMED) -> None:
    shop.take(bindings)
    Renames(shop.home).look(shop.plan, shop.now)


def test_a_renamed_table_knows_what_serves_and_goes_back_to_what_served(served: Shop) -> None:
    follow(served)

    there = deployment_named(served.plan, "stg")
    serving = serving_artifact(there)
    assert serving is not None
    assert serving.label == "v2"
    assert deployment_named(served.plan, STAGING) is there
    orders.roll_back(there, "遅い", served.order("ken"), served.now)
    served.work()
    assert served.engines[STAGING].version == "v1"


def test_everything_that_is_kept_of_it_goes_along(served: Shop) -> None:
    orders.lock(served.plan.deployments[STAGING], "棚卸し", served.giver("ken"), served.now)
    SourceLook.objects.update_or_create(
        service="shop", defaults={"asked_at": served.now, "began": {STAGING: "2026-04-01T00:00:00+09:00"}}
    )
    kept = folder_of(served.home, "deployments", STAGING)
    kept.mkdir(parents=True)
    (kept / "instances").touch()
    runs = Run.objects.filter(work=f"release/{STAGING}").count()

    follow(served)

    assert not Release.objects.filter(deployment=STAGING).exists()
    assert DeploymentLock.objects.get().deployment == "stg"
    assert ServingLook.objects.filter(deployment="stg").exists()
    assert Run.objects.filter(work="release/stg").count() == runs > 0
    assert SourceLook.objects.get().began == {"stg": "2026-04-01T00:00:00+09:00"}
    assert [each.name for each in folder_of(served.home, "deployments", "stg").iterdir()] == ["instances"]
    assert not kept.exists()
    told = [each.content for each in LedgerEntry.objects.all() if each.content.get("former") == STAGING]
    assert [(each["order"], each["deployment"]) for each in told] == [("deployment-renamed", "stg")]


def test_of_two_nodes_that_see_the_new_name_at_once_one_writes_it_down(
    served: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    hold, other = ledger.hold, Renames(served.home)
    served.take(RENAMED)

    def late() -> None:
        monkeypatch.setattr(ledger, "hold", hold)
        other.look(served.plan, served.now)
        hold()

    monkeypatch.setattr(ledger, "hold", late)
    Renames(served.home).look(served.plan, served.now)

    told = [each.content for each in LedgerEntry.objects.all() if each.content.get("former") == STAGING]
    assert [each["deployment"] for each in told] == ["stg"]


def test_a_renamed_table_does_not_begin_with_its_first_version_again(served: Shop) -> None:
    begun = RENAMED.replace(f'environment = "{STAGING}"', f'environment = "{STAGING}"\nfirst = "v1"')
    SourceLook.objects.update_or_create(
        service="shop", defaults={"asked_at": served.now, "answered_at": served.now}
    )
    follow(served, begun)
    first.look(served.plan, served.home, served.now)

    assert not Release.objects.filter(kind=Release.Kind.FIRST).exists()


def test_a_release_that_waits_goes_on_under_the_new_name(served: Shop) -> None:
    served.source.add("v3")
    orders.lock(served.plan.deployments[STAGING], "棚卸し", served.giver("ken"), served.now)
    waiting = served.release("v3", to=STAGING)
    served.work()
    follow(served)
    orders.unlock(served.plan.deployments["stg"], served.giver("ken"), served.now)
    served.work()

    waiting.refresh_from_db()
    assert (waiting.deployment, served.engines[STAGING].version) == ("stg", "v3"), str(waiting.note)


def test_a_second_table_of_the_environment_takes_no_history(served: Shop) -> None:
    follow(served, BINDINGS + f'[deployments.stg]\nkind = "test"\nenvironment = "{STAGING}"\n')

    assert set(Release.objects.values_list("deployment", flat=True)) == {STAGING}
    assert PRODUCTION in served.plan.deployments
