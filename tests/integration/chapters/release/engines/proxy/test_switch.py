"""Versions come and go behind real proxies, and no customer notices."""

import pytest
from tests import asking
from tests.integration.chapters.release.engines.proxy.conftest import (
    Environment,
    behind_each,
    behind_each_slowly,
)
from tests.integration.chapters.release.engines.proxy.customers import Customers
from tests.integration.chapters.release.engines.watching import Watching

from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.engines.proxy.engine import QUIET


@behind_each
def test_the_first_version_is_served_by_every_instance(environment: Environment) -> None:
    version, engine = environment.version("v1"), environment.engine()

    assert engine.serving() == {}
    engine.switch(version, QUIET)

    ports = environment.ports
    assert engine.serving() == {f"127.0.0.1:{port}": version.digest for port in ports[:2]}
    answers = {asking.get(environment.proxy.url).text for _ in range(20)}
    assert answers == {"v1 1", "v1 2"}


@pytest.mark.parametrize("requests", [300, pytest.param(10_000, marks=pytest.mark.slow)])
@behind_each
def test_no_request_fails_while_a_version_is_switched_and_switched_back(
    environment: Environment, requests: int
) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine()
    engine.switch(old, QUIET)
    kept = set(engine.serving())

    with Customers(environment.proxy.url) as customers, Customers(environment.proxy.url, 1, "/slow") as slow:
        customers.wait_for(requests // 3)
        engine.switch(new, QUIET)
        # What was under way then is answered by the old version.
        customers.start_over()
        customers.wait_for(requests // 3)
        only_new = +customers.answers
        engine.switch(old, QUIET)
        customers.wait_for(requests // 3)

    assert (customers.failures, slow.failures) == ([], [])
    assert set(only_new) == {"v2"}
    assert set(engine.serving().values()) == {old.digest}
    # The old version's instances have been kept: the way back is a change of the proxy alone.
    assert set(engine.serving()) == kept


@behind_each
def test_each_instance_is_measured_at_its_own_address(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine()
    engine.switch(old, QUIET)
    first = f"http://127.0.0.1:{environment.proxy.first}/"

    before = asking.get(first).text
    engine.switch(new, QUIET)

    assert (before, asking.get(first).text) == ("v1 1", "v2 1")


@pytest.mark.parametrize(
    ("condition", "said"),
    [("unhealthy", "/healthz がステータス 500 を返します"), ("dies", "the shelf is missing")],
)
def test_a_version_that_is_not_healthy_gets_no_request(
    environment: Environment, condition: str, said: str
) -> None:
    old, bad = environment.version("v1"), environment.version("v2", condition)
    health = {"url": "http://{instance}/healthz", "within": "1秒"}
    engine = environment.engine(health=health)
    engine.switch(old, QUIET)

    with Customers(environment.proxy.url) as customers, pytest.raises(DeployFailed, match=said):
        engine.switch(bad, QUIET)

    assert customers.failures == []
    assert set(customers.answers) == {"v1"}
    assert set(engine.serving().values()) == {old.digest}
    assert len(engine.serving()) == 2


@behind_each_slowly
def test_a_canary_gets_its_share_first(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine(canary="20%", canary_for="1秒")
    engine.switch(old, QUIET)

    with Customers(environment.proxy.url) as customers:
        shares: list[float] = []

        def look() -> None:
            customers.start_over()
            customers.wait_for(200)
            shares.append(customers.answers["v2"] / customers.asked)

        engine.switch(new, Watching(act=look))

    assert customers.failures == []
    assert 0.1 < shares[0] < 0.3
    assert set(engine.serving().values()) == {new.digest}


def test_a_canary_that_falls_ill_is_taken_back(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine(canary="10%", canary_for="30秒")
    engine.switch(old, QUIET)
    home = environment.folder / "home/versions"
    watch = Watching(act=(home / new.digest / "sick").touch)

    with pytest.raises(DeployFailed, match="不健全"):
        engine.switch(new, watch)

    assert set(engine.serving().values()) == {old.digest}
    assert {asking.get(environment.proxy.url).text.split()[0] for _ in range(10)} == {"v1"}


@pytest.mark.parametrize("environment", ["patched-caddy"], indirect=True)
def test_upstreams_that_are_no_files_are_patched(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine()
    engine.switch(old, QUIET)

    engine.switch(new, QUIET)

    assert set(engine.serving().values()) == {new.digest}
    assert {asking.get(environment.proxy.url).text for _ in range(20)} == {"v2 1", "v2 2"}


@pytest.mark.parametrize("environment", ["haproxy"], indirect=True)
def test_a_server_of_haproxy_may_be_checked_by_haproxy_too(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    proxy = {**environment.proxy.binding, "options": ["check", "inter", "200ms"]}
    engine = environment.engine(proxy=proxy)
    engine.switch(old, QUIET)

    with Customers(environment.proxy.url) as customers:
        customers.wait_for(100)
        engine.switch(new, QUIET)
        customers.wait_for(100)

    assert customers.failures == []
    assert set(engine.serving().values()) == {new.digest}
