"""A worker killed at each step: every host serves one whole version, and repeating the act finishes it."""

import os
import signal
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.integration.chapters.release.engines.ssh.fleet import LOOPBACK, RESTART, Machines, Watch, artifact

from toban.chapters.release.engine import Artifact, DeployFailed
from toban.chapters.release.engines.ssh import parked
from toban.chapters.release.engines.ssh.engine import SshEngine
from toban.chapters.release.engines.ssh.link import Answer, HostLink
from toban.chapters.release.engines.ssh.scripts import Arguments

pytestmark = pytest.mark.allow_hosts(LOOPBACK)

COMMANDS = 10
"""Of a switch: prepare on three hosts, migrate on one, switch on one and then two, finish on three."""

QUICK = [(3, "sent"), (5, "sent"), (6, "before"), (7, "after"), (9, "sent")]


def kill_at(number: int, moment: str) -> None:
    """Have this process die before the command of that *number*, while it runs, or after it."""
    whole, hear, count = HostLink._run, HostLink._answers, iter(range(1, 1000))

    def die() -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    async def run(self: HostLink, script: Arguments, archive: Path | None) -> Answer:
        self.number = next(count)  # type: ignore[attr-defined]
        if self.number == number and moment == "before":  # type: ignore[attr-defined]
            die()
        answer = await whole(self, script, archive)
        if self.number == number and moment == "after":  # type: ignore[attr-defined]
            die()
        return answer

    async def answers(self: HostLink, process: object, archive: Path | None) -> object:
        if self.number == number and moment == "sent":  # type: ignore[attr-defined]
            die()
        return await hear(self, process, archive)  # type: ignore[arg-type]

    HostLink._run = run  # type: ignore[method-assign]
    HostLink._answers = answers  # type: ignore[assignment,method-assign]


def killed(act: Callable[[], object], number: int, moment: str) -> bool:
    """Do *act* in a process of its own that dies there; return whether it did."""
    # Two processes can't share a connection.
    parked.close_all()
    with warnings.catch_warnings():
        # The threads of the parent's servers are of no use to the child.
        warnings.simplefilter("ignore", DeprecationWarning)
        child = os.fork()
    if child == 0:
        try:
            kill_at(number, moment)
            act()
        except DeployFailed:
            pass
        finally:
            os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL


def released(shops: Machines, folder: Path, **more: object) -> tuple[SshEngine, Artifact, Artifact]:
    """Return an engine with `v1` serving and `v2` installed."""
    engine = shops.engine(migrate=("true",), waves=(1, "100%"), **more)
    old, new = artifact(folder, "v1"), artifact(folder, "v2")
    engine.install(old, Watch())
    engine.switch(old, Watch())
    engine.install(new, Watch())
    return engine, old, new


def settled(shops: Machines) -> None:
    """Wait until what was running on the hosts has ended there, then see one whole version on each."""
    until = time.monotonic() + 5
    while time.monotonic() < until and any(list(each.shop.glob(".*.[0-9]*")) for each in shops.all):
        time.sleep(0.05)
    time.sleep(0.1)
    for each in shops.all:
        assert each.link() in {"v1", "v2"}
        assert each.serves() in {"v1", "v2"}


def is_tidy(shops: Machines) -> bool:
    """Return whether no trace of an attempt is left."""
    return not any(list(each.shop.glob(".*")) for each in shops.all)


@pytest.mark.parametrize(("number", "moment"), QUICK)
def test_a_killed_switch_is_finished_by_repeating_it(
    shops: Machines, tmp_path: Path, number: int, moment: str
) -> None:
    engine, _, new = released(shops, tmp_path)

    assert killed(lambda: engine.switch(new, Watch()), number, moment)
    settled(shops)
    engine.switch(new, Watch())

    assert shops.versions() == {"v2"}
    assert set(engine.serving().values()) == {new.digest}
    assert is_tidy(shops)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "sent", "after"])
@pytest.mark.parametrize("number", range(1, COMMANDS + 1))
@pytest.mark.parametrize("way", ["on", "back"])
def test_killed_anywhere_it_goes_on_and_it_goes_back(
    shops: Machines, tmp_path: Path, number: int, moment: str, way: str
) -> None:
    engine, old, new = released(shops, tmp_path, health=shops.gated())
    wanted = new if way == "on" else old

    assert killed(lambda: engine.switch(new, Watch()), number, moment)
    settled(shops)
    engine.switch(wanted, Watch())

    assert shops.versions() == {wanted.label}
    assert [each.link() for each in shops.all] == [wanted.label] * 3
    assert is_tidy(shops)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "sent", "after"])
@pytest.mark.parametrize("number", range(5, 14))
def test_killed_while_it_puts_back_it_can_still_go_back(
    shops: Machines, tmp_path: Path, number: int, moment: str
) -> None:
    _, old, new = released(shops, tmp_path)
    fails = ("sh", "-c", f'{RESTART[2]}; [ "$RELEASE_VERSION" = v1 ]')
    engine = shops.engine(restart=fails, migrate=("true",), waves=("100%",))

    # The last numbers are beyond its end.
    killed(lambda: engine.switch(new, Watch()), number, moment)
    settled(shops)
    engine.switch(old, Watch())

    assert shops.versions() == {"v1"}
    assert [each.link() for each in shops.all] == ["v1"] * 3
    assert is_tidy(shops)


@pytest.mark.slow
@pytest.mark.parametrize("moment", ["before", "sent", "after"])
@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_killed_installation_is_finished_by_repeating_it(
    shops: Machines, tmp_path: Path, number: int, moment: str
) -> None:
    engine, version = shops.engine(), artifact(tmp_path, "v1", size=5_000_000)

    assert killed(lambda: engine.install(version, Watch()), number, moment)
    left = engine.installed()
    engine.install(version, Watch())
    engine.switch(version, Watch())

    assert set(left) <= {version.digest}
    assert shops.versions() == {"v1"}
    assert [each.versions() for each in shops.all] == [{version.digest[:12]}] * 3
