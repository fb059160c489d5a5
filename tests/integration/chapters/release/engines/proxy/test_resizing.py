"""More instances behind real proxies, and fewer again, and no customer notices."""

import json
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests import asking
from tests.integration.chapters.release.engines.proxy import killed_worker
from tests.integration.chapters.release.engines.proxy.conftest import Environment, behind_each_slowly
from tests.integration.chapters.release.engines.proxy.customers import Customers
from tests.integration.chapters.release.engines.proxy.test_hosts import (
    as_containers,
    as_units,
    image,
    place,
)
from tests.integration.chapters.release.engines.proxy.test_upkeep import gone, process_on
from tests.integration.chapters.release.engines.watching import Watching

from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.engines.proxy.engine import QUIET
from toban.engine.instances.offered import InstanceCount

__all__ = ["place"]


def answers(environment: Environment) -> set[str]:
    """Return what the instances say of themselves, asked often enough for each to be among them."""
    return {asking.get(environment.proxy.url).text for _ in range(40)}


def third(environment: Environment) -> tuple[int, str]:
    """Ask the third instance alone, at the address where monitors measure it."""
    answer = asking.get(f"http://127.0.0.1:{environment.proxy.first}/third")
    return answer.status_code, answer.text if answer.is_success else ""


@pytest.mark.parametrize("requests", [200, pytest.param(5_000, marks=pytest.mark.slow)])
@behind_each_slowly
def test_no_request_fails_while_instances_come_and_go(environment: Environment, requests: int) -> None:
    version, engine = environment.version("v1"), environment.engine()
    engine.switch(version, QUIET)

    with Customers(environment.proxy.url) as customers, Customers(environment.proxy.url, 3, "/slow") as slow:
        customers.wait_for(requests)
        engine.resize(3, QUIET)
        grown, alone = answers(environment), third(environment)
        customers.wait_for(requests)
        slow.wait_for(6)
        engine.resize(2, QUIET)
        customers.wait_for(requests)

    assert (customers.failures, slow.failures) == ([], [])
    assert (grown, alone) == ({"v1 1", "v1 2", "v1 3"}, (200, "v1 3"))
    assert answers(environment) == {"v1 1", "v1 2"}
    assert third(environment)[0] >= 500
    assert len(environment.running()) == 2
    assert engine.size() == InstanceCount(wanted=2, serving=2, most=5)


@behind_each_slowly
def test_the_number_stays_whatever_is_released_and_whoever_asks(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    environment.engine().switch(old, QUIET)
    environment.engine().resize(3, QUIET)

    with Customers(environment.proxy.url) as customers:
        environment.engine().switch(new, QUIET)
        released = answers(environment)
        environment.engine().switch(old, QUIET, back=True)
        back = answers(environment)

    assert released == {"v2 1", "v2 2", "v2 3"}
    assert back == {"v1 1", "v1 2", "v1 3"}
    assert customers.failures == []
    environment.proxy.stop()
    environment.proxy.start()
    environment.engine().ensure()
    assert answers(environment) == {"v1 1", "v1 2", "v1 3"}
    assert third(environment) == (200, "v1 3")
    assert environment.engine().size().wanted == 3


def test_an_instance_that_was_added_and_died_is_started_again(environment: Environment) -> None:
    engine = environment.engine()
    engine.switch(environment.version("v1"), QUIET)
    engine.resize(3, QUIET)
    gone(process_on(environment, environment.ports[2]))

    before = engine.size()
    engine.ensure()

    assert (before.wanted, before.serving) == (3, 2)
    assert engine.size().serving == 3


def test_an_added_instance_that_is_not_healthy_gets_no_request_and_does_not_stay(
    environment: Environment,
) -> None:
    engine = environment.engine(health={"url": "http://{instance}/healthz", "within": "1秒"})
    version = environment.version("v1")
    engine.switch(version, QUIET)
    (environment.folder / "home/versions" / version.digest / "sick").touch()

    with Customers(environment.proxy.url) as customers, pytest.raises(DeployFailed) as failed:
        engine.resize(3, QUIET)

    assert "3 台にできませんでした。前と同じ 2 台で動いています: 起動したインスタンス 3" in str(failed.value)
    assert "/healthz がステータス 500 を返します" in str(failed.value)
    assert customers.failures == []
    assert engine.size() == InstanceCount(wanted=2, serving=2, most=5)
    assert len(environment.running()) == 2


def test_an_instance_that_is_slow_under_load_keeps_no_other_from_helping(environment: Environment) -> None:
    version, engine = environment.version("v1"), environment.engine()
    engine.switch(version, QUIET)
    process_on(environment, environment.ports[0]).suspend()

    try:
        engine.resize(3, QUIET)
    finally:
        process_on(environment, environment.ports[0]).resume()

    assert engine.size().serving == 3


@pytest.mark.parametrize(
    ("to", "said"),
    [
        (6, "6 台にはできません。リリースでは新旧が並ぶため、いまの ports で動かせるのは 5 台までです"),
        (1, "1 台にはできません。設定の instances が 2 台以上と決めています"),
    ],
)
def test_what_the_settings_do_not_allow_is_refused(environment: Environment, to: int, said: str) -> None:
    engine = environment.engine()
    engine.switch(environment.version("v1"), QUIET)

    with pytest.raises(DeployFailed, match=said):
        engine.resize(to, QUIET)

    assert len(environment.running()) == 2


@pytest.mark.parametrize("environment", ["caddy", "haproxy"], indirect=True)
def test_an_instance_that_could_not_be_measured_alone_is_refused_before_it_starts(
    environment: Environment,
) -> None:
    engine = environment.engine()
    engine.switch(environment.version("v1"), QUIET)

    with pytest.raises(DeployFailed) as failed:
        engine.resize(4, QUIET)

    assert failed.value.args[0].values["hint"]
    assert len(environment.running()) == 2


def test_nothing_grows_before_the_first_release(environment: Environment) -> None:
    with pytest.raises(DeployFailed, match="先に版をリリースします"):
        environment.engine().resize(3, QUIET)

    assert environment.engine().size() == InstanceCount(wanted=2, serving=0, most=5)


def test_whoever_only_looks_leaves_no_folder(environment: Environment) -> None:
    (environment.folder / "home").rmdir()
    engine = environment.engine()

    assert (engine.size().serving, engine.serving(), list(engine.installed())) == (0, {}, [])

    assert not (environment.folder / "home").exists()
    engine.install(environment.version("v1"), QUIET)
    assert (environment.folder / "home").is_dir()


def test_a_release_and_a_change_of_the_number_wait_for_each_other(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine(canary="50%", canary_for="1秒")
    engine.switch(old, QUIET)
    growing = threading.Thread(target=environment.engine().resize, args=(3, QUIET))

    engine.switch(new, Watching(act=growing.start))
    growing.join()

    assert answers(environment) == {"v2 1", "v2 2", "v2 3"}


def test_whoever_waits_for_a_release_may_be_called_off(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine(canary="50%", canary_for="1秒")
    engine.switch(old, QUIET)
    failed: list[DeployFailed] = []

    def grow() -> None:
        with pytest.raises(DeployFailed, match="中止") as raised:
            environment.engine().resize(3, Watching(reason="中止"))
        failed.append(raised.value)

    engine.switch(new, Watching(act=grow))

    assert failed[0].retry
    assert engine.size().wanted == 2


HASTY = {"stop_within": "1秒"}
"""No request takes longer, and a proxy that keeps connections open is not waited for."""


def killed_at(environment: Environment, to: int, step: int) -> bool:
    """Change the number in another process; return whether it was killed before its end."""
    binding = json.dumps({**environment.written, **HASTY})
    site = json.dumps({"folder": str(environment.folder), "to": to})
    command = [sys.executable, killed_worker.__file__, binding, site, str(step)]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode in {0, -signal.SIGKILL}, ended.stderr
    return ended.returncode != 0


@pytest.mark.slow
@pytest.mark.parametrize("stride", [13, 1])
@pytest.mark.parametrize("to", [3, 2])
@behind_each_slowly
def test_a_change_that_is_killed_anywhere_is_finished_by_the_next(
    environment: Environment, to: int, stride: int
) -> None:
    engine, version = environment.engine(**HASTY), environment.version("v1")
    engine.switch(version, QUIET)
    step, was_killed = 0, True

    with Customers(environment.proxy.url, 2) as customers:
        while was_killed:
            engine.resize(5 - to, QUIET)
            was_killed = killed_at(environment, to, step)
            engine.resize(to, QUIET)
            step += stride

            assert engine.size() == InstanceCount(wanted=to, serving=to, most=5)
            assert len(environment.running()) == to

    assert customers.failures == []
    assert step > 2 * stride
    assert set(engine.serving().values()) == {version.digest}


@pytest.mark.slow
@pytest.mark.parametrize("stride", [13, 1])
@pytest.mark.parametrize("to", [3, 2])
@behind_each_slowly
def test_what_a_killed_change_has_left_is_cleared_although_nobody_repeats_it(
    environment: Environment, to: int, stride: int
) -> None:
    engine = environment.engine(**HASTY)
    engine.switch(environment.version("v1"), QUIET)
    step, was_killed = 0, True

    with Customers(environment.proxy.url, 2) as customers:
        while was_killed:
            engine.resize(5 - to, QUIET)
            was_killed = killed_at(environment, to, step)
            engine.ensure()
            step += stride

            size = engine.size()
            assert size.wanted in {2, 3}
            assert len(environment.running()) == size.serving == size.wanted

    assert customers.failures == []
    assert step > 2 * stride


@pytest.mark.parametrize("kind", ["units", pytest.param("containers", marks=pytest.mark.slow)])
def test_units_and_containers_grow_and_shrink_too(environment: Environment, place: Path, kind: str) -> None:
    if kind == "units":
        engine, version = as_units(environment, place), environment.version("v1")
    else:
        engine, version = as_containers(environment, place), image(environment, place, "v1")
        engine.install(version, QUIET)
    engine.switch(version, QUIET)

    with Customers(environment.proxy.url) as customers, Customers(environment.proxy.url, 2, "/slow") as slow:
        engine.resize(3, QUIET)
        grown = answers(environment)
        slow.wait_for(4)
        engine.resize(2, QUIET)

    assert (customers.failures, slow.failures) == ([], [])
    assert grown == {"v1 1", "v1 2", "v1 3"}
    assert engine.size() == InstanceCount(wanted=2, serving=2, most=5)


def test_a_record_that_cannot_be_read_is_said(environment: Environment) -> None:
    engine = environment.engine()
    engine.switch(environment.version("v1"), QUIET)
    (environment.folder / "home/size.json").write_text('{"instances": 3')

    with pytest.raises(DeployFailed, match="の記録を読めません"):
        engine.size()
