"""Deploy and rollback beside Capistrano, and what customers lose meanwhile behind a proxy.

`python -m benchmarks.release [--hosts 3] [--rounds 7] [--requests 10000]`

Needs root, and Debian's openssh-server, capistrano, haproxy, nginx and caddy: installed, or unpacked into
`.boot/debian` by `./check --slow`.
"""

import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from benchmarks.figures import parts_of_tests, state
from tests.integration.chapters.release.capistrano import Capistrano
from tests.integration.chapters.release.engines.proxy.conftest import Environment
from tests.integration.chapters.release.engines.proxy.customers import Customers
from tests.integration.chapters.release.engines.proxy.real_proxies import MAKE
from tests.integration.chapters.release.engines.ssh.fleet import Machines, Watch, artifact, machines

from toban.chapters.release.engine import Artifact
from toban.chapters.release.engines.ssh import parked
from toban.chapters.release.engines.ssh.engine import SshEngine

METHOD = """Method: {hosts} sshd on the loopback network, each with its own /srv. The application is one file;
there is nothing to restart, to migrate or to probe. Both tools deploy a new version and then go back,
{rounds} times, taking turns in the opposite order each round; after each act every host is looked at.
Capistrano as Debian ships it, with git over file://, from the start of `cap` to its end. Toban as its worker
does it: what is installed, bring, switch (one host, then all), what serves now; back: what is installed,
switch, what serves now. Its worker runs already, and made the archive of the commit before (once for all
environments); it leaves no connection open between the acts that are measured. Seconds are medians of the
rounds, ratios medians of each round's own ratio: other load affects both tools."""
NAMES = ("toban", "capistrano")
LOSSES = """
Method: two instances of a small server behind each proxy, four customers who ask all the time, each request
on a connection of its own and asked once. After a quarter of {requests:,} requests Toban switches to the new
version, after another quarter back. A request fails without an answer, or with one that is not 200."""


@dataclass
class Bench:
    """Both tools on the same hosts."""

    shops: Machines
    engine: SshEngine
    tool: Capistrano
    folder: Path
    first: Artifact
    """What both go back to."""
    seconds: dict[tuple[str, str], list[float]] = field(default_factory=dict)

    def round(self, number: int) -> None:
        """Deploy the version of that *number* with both, and go back."""
        label = f"v{number}"
        commit, version = self.tool.commit(label), artifact(self.folder, label)
        acts: dict[str, tuple[Callable[[], object], Callable[[], object]]] = {
            "toban": (lambda: self.deploy(version), lambda: self.go_back(self.first)),
            "capistrano": (
                lambda: self.tool.run("deploy", RELEASE_COMMIT=commit),
                lambda: self.tool.run("deploy:rollback"),
            ),
        }
        for name in NAMES[:: 1 if number % 2 else -1]:
            deploy, go_back = acts[name]
            parked.close_all()
            with self.timed("deploy", name):
                deploy()
            self.look(name, label)
            parked.close_all()
            with self.timed("rollback", name):
                go_back()
            self.look(name, "v0")

    def deploy(self, version: Artifact) -> None:
        """Do what a release's run does on the hosts."""
        if version.digest not in self.engine.installed():
            self.engine.install(version, Watch())
        self.engine.switch(version, Watch())
        assert set(self.engine.serving().values()) == {version.digest}

    def go_back(self, version: Artifact) -> None:
        """Do what a rollback's run does on the hosts."""
        assert version.digest in self.engine.installed()
        self.engine.switch(version, Watch(), back=True)
        assert set(self.engine.serving().values()) == {version.digest}

    def look(self, name: str, label: str) -> None:
        """Fail unless every host serves the version."""
        for each in self.shops.all:
            # Capistrano's link holds the path as the host sees it.
            release = (each.home / name / "current").readlink().name
            found = (each.home / name / "releases" / release / "version").read_text().strip()
            if found != label:
                raise click.ClickException(f"{name}: {each.name}: {found}, not {label}")

    @contextmanager
    def timed(self, act: str, name: str) -> Iterator[None]:
        """Record how long the block takes."""
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self.seconds.setdefault((act, name), []).append(took)
        click.echo(f"  {act:<10}{name:<12}{took:7.2f} s", err=True)

    def show(self) -> None:
        """Print medians and ratios."""
        print(f"\n{'':<10}{'toban':>10}{'capistrano':>12}{'ratio':>8}")
        for act in ("deploy", "rollback"):
            ours, theirs = (self.seconds[act, name] for name in NAMES)
            ratio = statistics.median(own / other for own, other in zip(ours, theirs, strict=True))
            medians = f"{statistics.median(ours):>8.2f} s{statistics.median(theirs):>10.2f} s"
            print(f"{act:<10}{medians}{ratio:>8.2f}")
            state(act, statistics.median(ours), "s", peer=("Capistrano", statistics.median(theirs)))


def lose(kind: str, requests: int, folder: Path) -> None:
    """Switch and go back behind a proxy while customers ask, and print how many got no answer."""
    (folder / "home").mkdir(parents=True)
    first = random.randrange(20_000, 32_000, 10)  # noqa: S311 - to be another one, not to be secret
    shop = Environment(folder, MAKE[kind](folder), range(first, first + 10))
    engine, seconds = shop.engine(), []
    shop.proxy.start()
    try:
        old, new = (shop.version(label) for label in ("v1", "v2"))
        engine.switch(old, Watch())
        with Customers(shop.proxy.url) as customers:
            for each in (new, old):
                customers.wait_for(requests // 4)
                began = time.monotonic()
                engine.switch(each, Watch())
                seconds.append(time.monotonic() - began)
            customers.wait_for(max(requests - customers.asked, 0))
    finally:
        shop.proxy.stop()
        shop.end()
    asked = f"{customers.asked:>8,} requests{len(customers.failures):>6} failed"
    print(f"{kind:<10}{asked}   switch {seconds[0]:.2f} s   back {seconds[1]:.2f} s")
    state(f"{kind}: requests lost", len(customers.failures), f"of {customers.asked:,}", most=0)


@click.command()
@click.option("--hosts", type=click.IntRange(1, 3), default=3, show_default=True)
@click.option("--rounds", type=click.IntRange(1), default=7, show_default=True)
@click.option("--requests", type=click.IntRange(100), default=10_000, show_default=True)
def main(hosts: int, rounds: int, requests: int) -> None:
    """Print how long both take, and what is lost meanwhile."""
    print(METHOD.format(hosts=hosts, rounds=rounds))
    with parts_of_tests(), tempfile.TemporaryDirectory() as named:
        folder = Path(named)
        # The account of the hosts reads the repository in it.
        folder.chmod(0o755)
        with machines(folder, hosts, has_srv=True) as shops:
            measure(shops, folder, rounds)
        print(LOSSES.format(requests=requests))
        for kind in ("haproxy", "nginx", "caddy"):
            lose(kind, requests, folder / kind)


def measure(shops: Machines, folder: Path, rounds: int) -> None:
    """Bring a first version with both, then measure the rounds."""
    engine = shops.engine(path="/srv/toban", restart=())
    tool = Capistrano(folder / "team", [each.host for each in shops.all], "/srv/capistrano")
    bench = Bench(shops, engine, tool, folder, artifact(folder, "v0"))
    bench.deploy(bench.first)
    tool.run("deploy", RELEASE_COMMIT=tool.commit("v0"))
    for number in range(1, rounds + 1):
        bench.round(number)
    bench.show()


if __name__ == "__main__":
    main()
