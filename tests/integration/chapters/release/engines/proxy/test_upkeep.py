"""What happens between releases: instances die, proxies restart, versions are no longer needed."""

import signal
import time

import psutil
import pytest
from tests import asking
from tests.integration.chapters.release.engines.proxy.conftest import Environment, behind_each
from tests.integration.chapters.release.engines.proxy.customers import Customers
from tests.integration.chapters.release.engines.watching import Watching

from toban.chapters.release.engine import DeployFailed
from toban.chapters.release.engines.proxy.engine import QUIET


def process_on(environment: Environment, port: int) -> psutil.Process:
    """Return the instance that listens there."""
    return next(each for each in environment.running() if each.cmdline()[2] == str(port))


def gone(process: psutil.Process) -> None:
    """Kill it, and wait until it is gone."""
    process.send_signal(signal.SIGKILL)
    psutil.wait_procs([process], timeout=5)


def test_an_instance_that_died_is_said_and_started_again(environment: Environment) -> None:
    version, engine = environment.version("v1"), environment.engine()
    engine.switch(version, QUIET)
    port = environment.ports[1]
    gone(process_on(environment, port))

    with pytest.raises(
        DeployFailed, match=rf"インスタンス 2 \(127.0.0.1:{port}\) のプロセスは動いていません"
    ):
        engine.serving()
    done = environment.engine().ensure()

    assert [str(each) for each in done] == [
        f"止まっていた v1 のインスタンス (127.0.0.1:{port}) を起動し直しました"
    ]
    assert set(engine.serving().values()) == {version.digest}
    assert engine.ensure() == []


@behind_each
def test_a_proxy_that_forgot_where_to_route_is_told_again(environment: Environment) -> None:
    version, engine = environment.version("v1"), environment.engine()
    engine.switch(version, QUIET)
    environment.proxy.stop()

    with pytest.raises(DeployFailed):
        engine.serving()
    environment.proxy.start()
    engine.ensure()

    assert {asking.get(environment.proxy.url).text for _ in range(20)} == {"v1 1", "v1 2"}
    assert len(engine.serving()) == 2


def test_nothing_is_mended_while_a_release_is_under_way(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine(canary="50%", canary_for="1秒")
    engine.switch(old, QUIET)
    said: list[object] = []
    watch = Watching(act=lambda: said.append(environment.engine().ensure()))

    engine.switch(new, watch)

    assert said == [()]


def test_instances_of_the_version_before_are_kept_for_the_time_of_the_watch(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine(watch="1秒")
    engine.switch(old, QUIET)
    engine.switch(new, QUIET)

    environment.engine(watch="10分").prune({old.digest, new.digest})
    kept = len(environment.running())
    time.sleep(1.1)
    with Customers(environment.proxy.url) as customers:
        engine.prune({old.digest, new.digest})
        customers.wait_for(50)

    assert kept == 4
    assert len(environment.running()) == 2
    assert customers.failures == []
    assert set(engine.installed()) == {old.digest, new.digest}


def test_only_what_is_kept_or_serves_stays_installed(environment: Environment) -> None:
    versions = [environment.version(f"v{number}") for number in range(4)]
    engine = environment.engine(watch="1秒")
    for each in versions[:2]:
        engine.switch(each, QUIET)
    time.sleep(1.1)

    engine.prune({versions[2].digest})

    assert set(engine.installed()) == {versions[1].digest, versions[2].digest}
    folders = {each.name for each in (environment.folder / "home/versions").iterdir() if each.is_dir()}
    assert folders == {versions[1].digest, versions[2].digest}


def test_a_rollback_to_a_version_that_no_longer_runs_starts_it(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2")
    engine = environment.engine(watch="1秒", canary="10%", canary_for="10分")
    for each in (old, new):
        environment.engine(watch="1秒").switch(each, QUIET)
    time.sleep(1.1)
    engine.prune({old.digest, new.digest})

    began = time.monotonic()
    # It goes back: no canary comes before it.
    engine.switch(old, QUIET, back=True)

    assert time.monotonic() - began < 5
    assert set(engine.serving().values()) == {old.digest}


def test_what_an_instance_writes_does_not_fill_the_disk(environment: Environment) -> None:
    engine = environment.engine()
    engine.switch(environment.version("v1"), QUIET)
    large, small = (environment.folder / f"home/instances/{port}.log" for port in environment.ports[:2])
    large.write_bytes(b"x" * (10 * 1024**2 + 1))
    small.write_bytes(b"all is well")

    engine.ensure()

    assert (large.stat().st_size, small.read_bytes()) == (0, b"all is well")


def test_a_release_that_is_called_off_leaves_what_served(environment: Environment) -> None:
    old, new = environment.version("v1"), environment.version("v2", "unhealthy")
    engine = environment.engine()
    engine.switch(old, QUIET)

    with pytest.raises(DeployFailed, match="中止"):
        engine.switch(new, Watching(reason="中止"))

    assert set(engine.serving().values()) == {old.digest}
    assert len(environment.running()) == 2
