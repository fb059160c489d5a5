"""What another chapter may ask of a deployment: more instances, but never beside a release."""

from collections.abc import Callable
from dataclasses import dataclass, field

import pytest
from tests.integration.chapters.release.shop import BINDINGS, NOON, PRODUCTION, STAGING, Engine, Shop
from tests.unit.engine.runs.commands.test_command import FakeTurn

from toban.chapters.release.engine import DeployFailed, DeployWatch
from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.places import folder_of
from toban.chapters.release.running import underway
from toban.chapters.release.running.scaling import find
from toban.engine.instances.offered import INSTANCES, InstanceCount, NotScaled, ScaledInstances
from toban.engine.runs.rules import RunReason
from toban.message import Message, plain
from toban.wiring import parts

pytestmark = pytest.mark.django_db


@dataclass
class Growing(Engine):
    """An engine that runs as many instances as it is told, one after another."""

    count: int = 2
    between: Callable[[], object] = field(default=lambda: None)
    """What happens while it starts one."""

    def size(self) -> InstanceCount:
        if self.fails == "size":
            raise DeployFailed(plain("the proxy is gone"), retry=True)
        return InstanceCount(self.count, self.count, 5)

    def require(self, to: int) -> None:
        if to > 5:
            raise DeployFailed(plain(f"no ports for {to}"), hint=plain("widen them"))

    def resize(self, to: int, watch: DeployWatch) -> None:
        self.between()
        if (reason := watch.why_stop()) is not None:
            raise DeployFailed(plain(f"stopped: {reason}"))
        self.count = to


@pytest.fixture
def engine(shop: Shop) -> Growing:
    engine = Growing()
    shop.engines[PRODUCTION] = engine
    return engine


def found(shop: Shop, name: str = PRODUCTION) -> ScaledInstances:
    """Ask for the instances of a deployment, as other chapters do."""
    instances = parts().ports.all(INSTANCES)[0](shop.edition, name)
    assert instances is not None
    return instances


def test_a_deployment_grows_by_its_name(shop: Shop, engine: Growing) -> None:
    instances = found(shop)

    instances.resize(3, FakeTurn())

    assert (engine.count, instances.size()) == (3, InstanceCount(wanted=3, serving=3, most=5))
    assert find(shop.edition, "検証環境") is None


def test_an_engine_that_runs_no_instances_itself_is_refused(shop: Shop, engine: Growing) -> None:
    with pytest.raises(NotScaled) as failed:
        find(shop.edition, STAGING)

    assert failed.value.doubt == (
        Message("release.runs-no-instances", name=STAGING),
        Message("release.scale-a-proxy"),
    )


def test_nothing_grows_while_a_release_is_under_way_or_a_person_holds_it(shop: Shop, engine: Growing) -> None:
    shop.stage("v1")
    release = shop.release("v1")
    lock = DeploymentLock.objects.create(deployment=PRODUCTION, release=release, owner="ken", since=NOON)

    with pytest.raises(NotScaled, match=f"リリース {release.pk} が進行中です") as busy:
        found(shop).resize(3, FakeTurn())
    lock.delete()
    DeploymentLock.objects.create(deployment=PRODUCTION, owner="ken", reason="見ている", since=NOON)
    with pytest.raises(NotScaled, match="ken が環境をロックしています: 見ている") as held:
        found(shop).resize(3, FakeTurn())

    assert (busy.value.retry, held.value.retry, engine.count) == (True, True, 2)


def test_a_release_that_begins_goes_first(shop: Shop, engine: Growing) -> None:
    shop.stage("v1")
    release = shop.release("v1")
    shop.work()
    shop.approve()
    engine.between = lambda: underway.look(shop.plan, shop.now)
    instances = found(shop)

    with pytest.raises(NotScaled, match=f"リリース {release.pk} が進行中です") as failed:
        instances.resize(3, FakeTurn())

    assert (failed.value.retry, engine.count) == (True, 2)


def test_a_table_that_has_got_another_name_brings_its_instances_along(shop: Shop, engine: Growing) -> None:
    shop.stage("v1")
    shop.engines[STAGING] = engine
    kept = folder_of(shop.home, "deployments", STAGING)
    kept.mkdir(parents=True)
    shop.take(BINDINGS.replace(f'[deployments."{STAGING}"]', f'[deployments.stg]\nenvironment = "{STAGING}"'))

    found(shop, "stg").resize(3, FakeTurn())

    assert engine.count == 3
    assert not kept.exists()
    assert folder_of(shop.home, "deployments", "stg").is_dir()
    assert not Release.objects.filter(deployment=STAGING).exists()


def test_a_run_that_is_called_off_stops_it(shop: Shop, engine: Growing) -> None:
    with pytest.raises(NotScaled, match="stopped: cancelled") as failed:
        found(shop).resize(3, FakeTurn(stop=RunReason.CANCELLED))

    assert (failed.value.retry, engine.count) == (False, 2)


def test_what_the_engine_says_is_passed_on(shop: Shop, engine: Growing) -> None:
    with pytest.raises(NotScaled) as too_many:
        found(shop).require(6)
    engine.fails = "size"
    with pytest.raises(NotScaled) as gone:
        found(shop).size()

    assert too_many.value.doubt == (plain("no ports for 6"), plain("widen them"))
    assert (gone.value.doubt, gone.value.retry) == (plain("the proxy is gone"), True)
    assert Release.objects.count() == 0
