"""The engine: new instances beside the old, health first, then the proxy switches; and back the same way."""

import socket
import time
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta

from toban.chapters.release.bindings import HealthBinding
from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite, DeployWatch
from toban.chapters.release.engines.proxy.balancers.balancer import Balancer, Routes, Upstream
from toban.chapters.release.engines.proxy.config import (
    CaddyBinding,
    HaproxyBinding,
    NginxBinding,
    ProxyDeployment,
)
from toban.chapters.release.engines.proxy.draining import wait_until_calm
from toban.chapters.release.engines.proxy.health import wait_until, why_not_ready
from toban.chapters.release.engines.proxy.hosts.host import InstanceHost
from toban.chapters.release.engines.proxy.records import Instance, OrderedSize, Records, Version
from toban.chapters.release.engines.proxy.rules import (
    free_ports,
    overdue,
    shared,
    surplus,
    to_start,
    wanted,
)
from toban.chapters.release.engines.proxy.sockets import connections_to
from toban.engine.instances.offered import InstanceCount
from toban.message import NOTHING, Message, message_of

_LOOK = 0.5
"""Seconds between two looks at a canary."""


class ProxyEngine:
    """One environment: a proxy, and instances that it routes to."""

    def __init__(
        self,
        config: ProxyDeployment,
        site: DeploySite,
        balancer: Balancer,
        host: InstanceHost,
        records: Records,
    ) -> None:
        self._config = config
        self._site = site
        self._balancer = balancer
        self._host = host
        self._records = records

    def installed(self) -> Collection[str]:
        """See `DeployEngine`."""
        return [each for each in self._records.versions() if self._records.folder_of(each).is_dir()]

    def serving(self) -> Mapping[str, str]:
        """See `DeployEngine`: where the proxy routes to, and what runs there."""
        known = {each.address: each for each in self._records.instances()}
        found = {}
        for upstream in self._balancer.routes(self._pool):
            instance = known.get(upstream.address)
            found[upstream.address] = self._host.serves(instance) if instance else ""
            if instance and not found[upstream.address]:
                raise DeployFailed(self._died(instance), retry=True)
        return found

    def install(self, artifact: Artifact, watch: DeployWatch) -> None:
        """See `DeployEngine`."""
        with self._alone():
            if artifact.digest not in self.installed():
                # The record of an earlier time would vouch for what is only half there now.
                self._records.remove_version(artifact.digest)
                self._host.install(artifact, self._records.folder_of(artifact.digest), watch)
            self._records.add_version(artifact)

    def switch(self, artifact: Artifact, watch: DeployWatch, *, back: bool = False) -> None:
        """See `DeployEngine`; the way back is not tried on a few first."""
        with self._alone():
            version = self._records.versions().get(artifact.digest)
            if version is None:
                raise DeployFailed(Message("release-proxy.not-installed", label=artifact.label))
            former = self._balancer.routes(self._pool)
            new = self._running(version, self._wanted, watch)
            try:
                if not back:
                    self._try_on_few(former, new, watch)
                self._balancer.route(self._routes([Upstream(each.address) for each in new]))
            except DeployFailed as failed:
                self._go_back(former, failed)
                self._stop([each for each in new if each.address not in {old.address for old in former}])
                raise
            self._settle(former, new)

    def prune(self, keep: Collection[str]) -> None:
        """See `DeployEngine`."""
        with self._alone():
            self._stop_overdue()
            used = {*keep, *(each.digest for each in self._records.instances())}
            versions = self._records.versions()
            for digest in set(versions) - used:
                self._records.remove_version(digest)
                self._host.remove(versions[digest], self._records.folder_of(digest))
            whole = {self._records.folder_of(digest) for digest in self._records.versions()}
            for folder in set(self._records.folders()) - whole:
                self._host.remove(Version("", "", ""), folder)

    def ensure(self) -> Sequence[Message]:
        """Start again what has died, route again what the proxy has forgotten; return what was done.

        Does nothing while a release is under way here.
        """
        try:
            with self._alone(wait=False):
                done = [*self._mended(), *self._resumed()]
                self._stop_overdue()
                return done
        except BlockingIOError:
            return ()

    def size(self) -> InstanceCount:
        """See `ScalesInstances`: those serve that the proxy routes to and that run."""
        serving = sum(bool(self._host.serves(each)) for each in self._routed())
        return InstanceCount(self._wanted, serving, self._most)

    def require(self, to: int) -> None:
        """See `ScalesInstances`."""
        least, most = self._config.instances, self._most
        if to < least:
            said = Message("release-proxy.fewer-than-instances", to=to, least=least)
            raise DeployFailed(said, hint=Message("release-proxy.lower-instances"))
        if to > most:
            said = Message("release-proxy.more-than-ports", to=to, most=most)
            raise DeployFailed(said, hint=Message("release-proxy.widen-the-range", needed=2 * to))
        for number in range(1, to + 1) if self._config.proxy.each else ():
            # Asked for before anything begins: a pool of its own that is missing stops the change of routes.
            self._balancer.routes(self._pool_of(number))

    def resize(self, to: int, watch: DeployWatch) -> None:
        """See `ScalesInstances`."""
        with self._in_turn(watch):
            self.require(to)
            self._bring(self._served(), to, watch)

    @property
    def _most(self) -> int:
        """While a release is under way, there are as many again."""
        return len(self._config.ports) // 2

    @property
    def _wanted(self) -> int:
        ordered = self._records.size()
        return wanted(self._config.instances, ordered.instances if ordered is not None else 0, self._most)

    @property
    def _pool(self) -> str:
        return pool_of(self._config)

    @contextmanager
    def _alone(self, *, wait: bool = True) -> Iterator[None]:
        """Hold the deployment: `ensure` must not undo half of a switch."""
        try:
            with self._records.alone(wait=wait):
                yield
        except BlockingIOError:
            raise
        except OSError as error:
            said = Message("release-proxy.home-unusable", folder=self._site.home, why=message_of(error))
            raise DeployFailed(said, retry=True) from error

    @contextmanager
    def _in_turn(self, watch: DeployWatch) -> Iterator[None]:
        """Hold the deployment once nobody else does, if it need not end before."""
        with ExitStack() as held:
            while not self._is_held(held):
                watch.progress(None, Message("release-proxy.waits-for-another"))
                self._go_on(watch)
                time.sleep(_LOOK)
            # Once it is held: a release may have begun meanwhile.
            self._go_on(watch)
            yield

    def _is_held(self, held: ExitStack) -> bool:
        try:
            held.enter_context(self._alone(wait=False))
        except BlockingIOError:
            return False
        return True

    def _go_on(self, watch: DeployWatch) -> None:
        if reason := watch.why_stop():
            raise DeployFailed(Message("release-proxy.stopped", reason=reason), retry=True)

    def _routed(self) -> Sequence[Instance]:
        addresses = {each.address for each in self._balancer.routes(self._pool)}
        return [each for each in self._records.instances() if each.address in addresses]

    def _served(self) -> Version:
        """Return the version that serves alone, or raise `DeployFailed`."""
        digests = {each.digest for each in self._routed()}
        versions = [each for digest, each in self._records.versions().items() if digest in digests]
        if len(versions) == len(digests) == 1:
            return versions[0]
        if digests:
            raise DeployFailed(Message("release-proxy.serves-several"), retry=True)
        is_forgotten = any(each.is_routed for each in self._records.instances())
        said = Message("release-proxy.serves-nothing")
        raise DeployFailed(said, hint=Message("release-proxy.release-first"), retry=is_forgotten)

    def _bring(self, version: Version, to: int, watch: DeployWatch) -> None:
        """Have *to* instances of *version*, which serves, serve."""
        former, before = self._balancer.routes(self._pool), self._records.size()
        addresses = {each.address for each in former}
        try:
            new = self._running(version, to, watch, serving=addresses)
        except DeployFailed as failed:
            said = Message("release-proxy.not-grown", to=to, count=len(addresses), why=failed.args[0])
            raise DeployFailed(said, retry=failed.retry) from failed
        # From here on it is done to its end, by `_resumed` if not by this process.
        self._records.set_size(OrderedSize(to, is_reached=False))
        try:
            self._balancer.route(self._routes([Upstream(each.address) for each in new]))
        except DeployFailed as failed:
            self._records.set_size(before)
            self._go_back(former, failed)
            self._stop([each for each in new if each.address not in addresses])
            raise
        for each in new:
            self._records.add_instance(replace(each, is_routed=True, idle_since=None))
        self._take_out(version, new, watch)
        self._records.set_size(OrderedSize(to, is_reached=True))

    def _take_out(self, version: Version, routed: Sequence[Instance], watch: DeployWatch) -> None:
        """Stop the instances of what serves that are not among those that are *routed* to."""
        found = surplus(version.digest, {each.address for each in routed}, self._records.instances())
        for each in found:
            self._records.add_instance(replace(each, is_routed=False, idle_since=time.time()))
            watch.say(Message("release-proxy.takes-out", number=each.number, address=each.address))
        self._stop(found)

    def _running(
        self, version: Version, count: int, watch: DeployWatch, *, serving: Collection[str] = ()
    ) -> Sequence[Instance]:
        """Return healthy instances of *version*, numbered up to *count*; start those that are missing.

        Those at the addresses *serving* are not asked: one that is slow under load keeps no other out.
        """
        there, missing = to_start(version.digest, count, self._look())
        started: list[Instance] = []
        try:
            for number in missing:
                watch.say(Message("release-proxy.starts", label=version.label, number=number))
                started.append(self._start(version, number, watch))
            new = sorted([*there.values(), *started], key=lambda each: each.number)
            self._wait_until_healthy([each for each in new if each.address not in serving], watch)
        except DeployFailed:
            self._stop(started)
            raise
        return new

    def _look(self) -> Mapping[Instance, str]:
        """Return what each recorded instance serves; those that died and get no requests are forgotten."""
        found = {each: self._host.serves(each) for each in self._records.instances()}
        routed = {each.address for each in self._balancer.routes(self._pool)}
        self._stop([each for each, digest in found.items() if not digest and each.address not in routed])
        return {each: digest for each, digest in found.items() if digest}

    def _start(self, version: Version, number: int, watch: DeployWatch) -> Instance:
        """Start an instance on a port that it really gets: others may take a free one at the same moment."""
        recorded = {each.port for each in self._records.instances()}
        for port in filter(is_free, free_ports(self._config.ports, recorded)):
            # Recorded before it runs: a start that is cut off must not be lost.
            instance = Instance(port, number, version.digest)
            self._records.add_instance(instance)
            self._host.start(instance, version, self._records.folder_of(version.digest))
            wait_until(lambda each=instance: self._why_undecided(each), self._within, watch.why_stop)  # type: ignore[misc]
            if self._host.serves(instance) or is_free(port):
                return instance
            self._stop([instance])
        ports = f"{self._config.ports[0]}-{self._config.ports[-1]}"
        raise DeployFailed(
            Message("release-proxy.no-free-port", ports=ports), hint=Message("release-proxy.widen-ports")
        )

    def _why_undecided(self, instance: Instance) -> Message:
        """Say that the instance neither has its port nor has ended; nothing once one of them is so."""
        if self._host.has_its_port(instance) or not self._host.serves(instance):
            return NOTHING
        return Message("release-proxy.not-listening", port=instance.port)

    def _wait_until_healthy(self, instances: Sequence[Instance], watch: DeployWatch) -> None:
        within = self._within
        for each in instances:
            trouble = wait_until(lambda each=each: self._why_unhealthy(each), within, watch.why_stop)  # type: ignore[misc]
            if reason := watch.why_stop():
                raise DeployFailed(Message("release-proxy.stopped", reason=reason))
            if trouble:
                raise DeployFailed(
                    Message(
                        "release-proxy.never-healthy",
                        number=each.number,
                        address=each.address,
                        seconds=round(within.total_seconds()),
                        why=trouble,
                        said=self._host.last_words(each) or Message("release-proxy.said-nothing"),
                    )
                )
            watch.say(Message("release-proxy.healthy", number=each.number, address=each.address))

    @property
    def _within(self) -> timedelta:
        return (self._config.health or HealthBinding()).within

    def _why_unhealthy(self, instance: Instance) -> Message:
        if not self._host.serves(instance):
            return Message("release-proxy.not-running")
        if not self._host.has_its_port(instance):
            return Message("release-proxy.not-listening", port=instance.port)
        return why_not_ready(self._config.health, instance.address)

    def _try_on_few(self, former: Sequence[Upstream], new: Sequence[Instance], watch: DeployWatch) -> None:
        """Give a new version a share of the requests for a time, and look how it does."""
        addresses = [each.address for each in new]
        old = [each.address for each in former if each.address not in addresses]
        if self._config.canary is None or not old:
            return
        share, length = self._config.canary, self._config.canary_for.total_seconds()
        watch.say(Message("release-proxy.canary", percent=round(share * 100), length=self._config.canary_for))
        self._balancer.route(self._routes(shared(old, addresses, share)))
        began = time.monotonic()
        while (passed := time.monotonic() - began) < length:
            if reason := watch.why_stop():
                raise DeployFailed(Message("release-proxy.stopped", reason=reason))
            for each in new:
                if trouble := self._why_unhealthy(each):
                    raise DeployFailed(
                        Message("release-proxy.canary-unhealthy", address=each.address, why=trouble)
                    )
            watch.progress(100 * passed / length)
            time.sleep(min(_LOOK, length))

    def _go_back(self, former: Sequence[Upstream], failed: DeployFailed) -> None:
        """Route to what served before, because switching *failed*; say so if even that can't be done."""
        try:
            if former:
                self._balancer.route(self._routes(former))
        except DeployFailed as stuck:
            raise DeployFailed(
                Message(
                    "release-proxy.not-back",
                    why=failed.args[0],
                    back=stuck.args[0],
                    wanted=[each.address for each in former],
                ),
                retry=True,
            ) from failed

    def _settle(self, former: Sequence[Upstream], new: Sequence[Instance]) -> None:
        """Record who serves, and stop all that is not needed for the way back."""
        routed, before = {each.address for each in new}, {each.address for each in former}
        others = []
        for each in self._records.instances():
            if each.address in routed:
                self._records.add_instance(replace(each, is_routed=True, idle_since=None))
            elif each.address in before or each.is_routed:
                self._records.add_instance(replace(each, is_routed=False, idle_since=time.time()))
            elif each.digest not in {kept.digest for kept in self._records.instances() if kept.is_routed}:
                others.append(each)
        self._stop(others)

    def _routes(self, upstreams: Sequence[Upstream]) -> Routes:
        """Return all pools: the one of all instances, and those of one instance alone, for monitors."""
        known = {each.address: each.number for each in self._records.instances()}
        heaviest = sorted(upstreams, key=lambda each: -each.weight)
        routes: dict[str, Sequence[Upstream]] = {self._pool: upstreams}
        for number in range(1, self._highest(known.values()) + 1) if self._config.proxy.each else ():
            own = [Upstream(each.address) for each in heaviest if known.get(each.address) == number]
            routes[self._pool_of(number)] = own[:1]
        return routes

    def _highest(self, known: Iterable[int]) -> int:
        """Return the highest number that needs a pool of its own, if only to be emptied."""
        if isinstance(self._config.proxy, NginxBinding):
            # Its configuration may name only those that are in the file: also the ones to come.
            return self._most
        return max(self._config.instances, *known)

    def _pool_of(self, number: int) -> str:
        return self._config.proxy.each.replace("{number}", str(number))

    def _mended(self) -> Iterator[Message]:
        """Start the instances that should get requests and have died; route again if the proxy knows none."""
        there = self._balancer.routes(self._pool)
        addresses = {each.address for each in there}
        instances, versions = self._records.instances(), self._records.versions()
        routed = [each for each in instances if each.address in addresses]
        is_forgotten = not routed
        routed = routed or [each for each in instances if each.is_routed]
        for each in routed:
            self._host.limit_output(each)
            if each.digest in versions and not self._host.serves(each):
                version = versions[each.digest]
                self._host.start(each, version, self._records.folder_of(each.digest))
                yield Message("release-proxy.started-again", address=each.address, label=version.label)
        if is_forgotten and routed:
            self._wait_until_healthy(routed, QUIET)
            self._balancer.route(self._routes([Upstream(each.address) for each in routed]))
            yield Message("release-proxy.routed-again", addresses=[each.address for each in routed])

    def _resumed(self) -> Iterator[Message]:
        """Bring a change of the number that was cut off to its end, and stop what nobody waits for."""
        ordered, routed = self._records.size(), self._routed()
        if len({each.digest for each in routed}) != 1:
            return
        version = self._served()
        if ordered is not None and not ordered.is_reached:
            self._bring(version, self._wanted, QUIET)
            yield Message("release-proxy.resized", label=version.label, count=self._wanted)
        left = surplus(version.digest, {each.address for each in self._routed()}, self._records.instances())
        self._stop([each for each in left if each.idle_since is None])

    def _stop_overdue(self) -> None:
        routed = {each.address for each in self._balancer.routes(self._pool)}
        watch = self._config.watch.total_seconds()
        self._stop(overdue(self._records.instances(), routed, watch, time.time()))

    def _stop(self, instances: Sequence[Instance]) -> None:
        """End instances that get no requests any more, once they have answered those that they have."""
        running = [each for each in instances if self._host.serves(each)]
        if running:
            within = self._config.stop_within.total_seconds()
            wait_until_calm(lambda: any(map(self._is_busy, running)), within)
        self._host.stop(instances)
        for each in instances:
            self._balancer.forget(each.address)
            self._records.remove_instance(each)

    def _is_busy(self, instance: Instance) -> bool:
        requests = self._balancer.in_flight(instance.address)
        if requests is None:
            # A proxy may keep some open without a request.
            requests = connections_to(instance.port)
        return requests is None or requests > 0

    def _died(self, instance: Instance) -> Message:
        said = self._host.last_words(instance) or Message("release-proxy.said-nothing")
        return Message("release-proxy.died", number=instance.number, address=instance.address, said=said)


class _SilentWatch:
    def say(self, text: Message | str) -> None:
        """Drop the line."""

    def progress(self, percent: float | None, text: Message | str = NOTHING) -> None:
        """Drop it."""

    def why_stop(self) -> object | None:
        """Return None."""
        return None


QUIET: DeployWatch = _SilentWatch()
"""For what nobody follows, and nothing stops."""


def pool_of(config: ProxyDeployment) -> str:
    """Return the proxy's own name for the pool of all instances."""
    match config.proxy:
        case CaddyBinding(id=name) | HaproxyBinding(backend=name) | NginxBinding(upstream=name):
            return name


def is_free(port: int) -> bool:
    """Return whether nobody listens on this port of 127.0.0.1."""
    with closing(socket.socket()) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
        return True
