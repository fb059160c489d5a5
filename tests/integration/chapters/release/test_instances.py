"""Environments whose instances Toban runs: each is watched, and those that die are started again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pytest
from tests.integration.chapters.release.shop import BINDINGS, MINUTE, NOON, PRODUCTION, SECOND, Engine, Shop

from toban.chapters.release.bindings import HealthBinding
from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.models import DeploymentLock, Release
from toban.chapters.release.running import underway
from toban.chapters.release.running.instances import mend, why_unhealthy_there
from toban.message import NOTHING, Message, plain

pytestmark = pytest.mark.django_db


@dataclass
class TwoInstances(Engine):
    """An engine that runs two instances itself."""

    dead: str = ""
    mended: list[str] = field(default_factory=list)

    def serving(self) -> Mapping[str, str]:
        if self.dead:
            raise DeployFailed(plain(f"{self.dead} does not run"))
        return {"10.0.0.1:80": self.serves, "10.0.0.2:80": self.serves}

    def ensure(self) -> Sequence[Message]:
        self.mended.append(self.dead)
        return [plain(f"{self.dead} runs again")]


@pytest.fixture
def engine(shop: Shop) -> TwoInstances:
    shop.take(BINDINGS.replace("http://127.0.0.1:9/", "http://{instance}/healthz"))
    engine = TwoInstances()
    shop.engines[PRODUCTION] = engine
    return engine


def test_every_instance_that_serves_is_asked(shop: Shop, engine: TwoInstances) -> None:
    asked: list[str] = []

    def probe(health: HealthBinding) -> Message:
        asked.append(health.url)
        return plain("ill") if "0.2" in health.url else NOTHING

    why = why_unhealthy_there(shop.plan.deployments[PRODUCTION], shop.home, probe)

    assert asked == ["http://10.0.0.1:80/healthz", "http://10.0.0.2:80/healthz"]
    assert why == plain("ill")


def test_a_version_whose_instances_die_in_the_time_of_the_watch_goes_back(
    shop: Shop, engine: TwoInstances
) -> None:
    first = shop.source.log[0].subject
    shop.source.add("v2")
    for version in (first, "v2"):
        shop.stage(version)
        release = shop.release(version)
        shop.work()
        shop.approve()
        shop.work(MINUTE)
    engine.dead = "10.0.0.2:80"
    shop.watch = underway.Watch(lambda _health: NOTHING)

    for _ in range(3):
        shop.work(5 * SECOND)
    engine.dead = ""
    shop.work()

    release.refresh_from_db()
    assert (release.state, shop.serves) == (Release.State.ROLLED_BACK, first)


def test_instances_are_mended_but_not_where_somebody_holds_the_environment(
    shop: Shop, engine: TwoInstances
) -> None:
    mend(shop.plan)
    DeploymentLock.objects.create(deployment=PRODUCTION, owner="ken", reason="looks at it", since=NOON)
    mend(shop.plan)

    assert engine.mended == [""]


def test_an_environment_that_cannot_be_mended_keeps_no_other_from_it(
    shop: Shop, engine: TwoInstances
) -> None:
    class Broken(TwoInstances):
        def ensure(self) -> Sequence[Message]:
            raise DeployFailed(plain("the proxy is gone"))

    shop.engines["ステージング環境"] = Broken()

    mend(shop.plan)

    assert engine.mended == [""]
