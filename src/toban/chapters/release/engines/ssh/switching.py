"""The switch: link and restart wave by wave, health in between, and the way back if it can't be finished."""

import secrets
import time
from collections.abc import Callable, Collection, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from toban.chapters.release.engine import Artifact, DeployFailed, DeployWatch
from toban.chapters.release.engines.ssh import scripts
from toban.chapters.release.engines.ssh.config import SshDeployment, waves
from toban.chapters.release.engines.ssh.faults import checked, hint_of, may_pass, on_hosts, reasons
from toban.chapters.release.engines.ssh.link import QUICK, ActStopped, Answer, Fleet, HostFailed, HostLink
from toban.chapters.release.engines.ssh.scripts import Arguments
from toban.chapters.release.running.health import why_unhealthy
from toban.engine.runs.rules import RunReason
from toban.message import NOTHING, Message

_NAME = 12
"""Digits of the digest that name a version's folder; the file in it holds the whole."""

_ATTEMPTS_BACK = 3
_PAUSE = 0.1
"""Seconds between two probes; with each it doubles, up to a second."""
_LONGEST_PAUSE = 1.0
_PROBES = 16
"""How many hosts are asked at the same time."""


def name_of(artifact: Artifact) -> str:
    """Return the name of the version's folder."""
    return artifact.digest.rpartition(":")[2][:_NAME]


class _Failed(Exception):
    """The switch can't be finished; nothing has been put back yet."""

    def __init__(self, message: Message, hint: Message = NOTHING, *, retry: bool = False) -> None:
        super().__init__(message)
        self.said, self.hint, self.retry = message, hint, retry


@dataclass
class Switch:
    """One switch, from the first look to the last. It may be repeated whenever it was cut off."""

    config: SshDeployment
    fleet: Fleet
    watch: DeployWatch
    artifact: Artifact
    back: bool = False
    """Whether the version served before."""
    _token: str = field(default_factory=lambda: secrets.token_hex(8), init=False)
    _former: Mapping[str, str] = field(init=False)
    """Host → what its link led to before; only those that are to be switched."""
    _has_begun: bool = field(default=True, init=False)
    """Whether a link may have been led away, also by an attempt that was cut off: the first look tells."""

    _lost: Mapping[str, HostFailed] = field(default_factory=dict, init=False)
    """Hosts that are left out of the way back."""

    def __post_init__(self) -> None:
        self._former = dict.fromkeys(self.config.hosts, "")

    def run(self) -> None:
        """Switch all hosts, or put back those that were switched and raise `DeployFailed`."""
        try:
            self._prepare()
            if self.config.migrate and self._former and not self.back:
                self._migrate()
            ends = () if self.back else self.config.waves
            for wave in waves(self.config.hosts, ends):
                self._switch(wave)
        except _Failed as failed:
            raise self._put_back(failed) from failed
        except ActStopped as stopped:
            if stopped.reason is RunReason.FENCED:
                # Another worker is at it: it must not be disturbed.
                raise DeployFailed(Message("release-ssh.stopped"), retry=True) from stopped
            raise self._put_back(_Failed(Message("release-ssh.stopped"), retry=True)) from stopped
        self._finish()
        if self._lost:
            said = Message(
                "release-ssh.back-without", failed=on_hosts(reasons(self._lost)), version=self.artifact.label
            )
            raise DeployFailed(said, hint=hint_of(self._lost), retry=True)

    def _prepare(self) -> None:
        script = scripts.prepare(self.config.path, self._name, self.artifact.digest, self._token)
        answers, failed = self._each(self.config.hosts, script)
        ready = {name: answer.after("ready") for name, answer in answers.items()}
        self._former = {name: former for name, former in ready.items() if former is not None}
        self._has_begun = any(answer.after("again") is not None for answer in answers.values())
        lost = {name: error for name, error in failed.items() if error.is_lost}
        if self.back and answers:
            # Those that can go back must not wait for a host that is down.
            self._lost = lost
            failed = {name: error for name, error in failed.items() if name not in lost}
        self._demand(failed)

    def _migrate(self) -> None:
        first = self.config.hosts[0]
        script = scripts.migrate(self.config.path, self._name, self.config.migrate)
        _, failed = self._each([first], script, within=None)
        self._demand(failed, "release-ssh.not-migrated")
        self.watch.say(Message("release-ssh.migrated", host=first))

    def _switch(self, wave: Collection[str]) -> None:
        hosts = [name for name in wave if name in self._former]
        if not hosts:
            return
        self._has_begun = True
        script = scripts.switch(self.config.path, self._name, self._token, self.config.restart)
        _, failed = self._each(hosts, script, within=self.config.restart_within.total_seconds())
        self._demand(failed)
        sick = self._unhealthy(hosts, self._why_stop)
        if (stop := self._why_stop()) is not None:
            raise ActStopped(stop)
        if sick:
            raise _Failed(Message("release-ssh.unhealthy", failed=on_hosts(sick)))
        self.watch.say(Message("release-ssh.wave-serves", hosts=hosts, version=self.artifact.label))

    def _finish(self) -> None:
        """Forget what served before. A host that is lost now only restarts once more with the next switch."""
        script = scripts.finish(self.config.path, self._name, self._token)
        _, failed = self._each(self._former, script)
        told = {name: error for name, error in failed.items() if not error.is_lost}
        if told:
            said = Message("release-ssh.changed-meanwhile", failed=on_hosts(reasons(told)))
            raise DeployFailed(said, retry=True)

    def _put_back(self, failed: _Failed) -> DeployFailed:
        """Put back every host that may have been switched, and return what then is to be said."""
        self.fleet.is_stoppable = False
        left = self._led_back()
        if not self._has_begun:
            said = Message("release-ssh.not-begun", why=failed.said)
            return DeployFailed(said, hint=failed.hint, retry=failed.retry)
        if left:
            said = Message("release-ssh.not-back", why=failed.said, failed=on_hosts(reasons(left)))
            return DeployFailed(said, hint=Message("release-ssh.look-at-hosts"))
        sick = self._unhealthy([name for name, former in self._former.items() if former])
        if sick:
            said = Message("release-ssh.back-but-unhealthy", why=failed.said, failed=on_hosts(sick))
            return DeployFailed(said, hint=Message("release-ssh.look-at-hosts"))
        said = Message("release-ssh.back", why=failed.said)
        return DeployFailed(said, hint=failed.hint, retry=failed.retry)

    def _led_back(self) -> Mapping[str, HostFailed]:
        """Lead the links back; return where that was not possible."""
        script = scripts.put_back(self.config.path, self._name, self._token, self.config.restart)
        left: dict[str, HostFailed] = {}
        hosts: Collection[str] = self._former
        for _ in range(_ATTEMPTS_BACK):
            _, failed = self._each(hosts, script, within=self.config.restart_within.total_seconds())
            left = {name: error for name, error in left.items() if name not in hosts} | dict(failed)
            hosts = [name for name, error in failed.items() if error.is_lost]
            if not hosts:
                break
        return left

    def _unhealthy(
        self, hosts: Collection[str], why_stop: Callable[[], object] = lambda: None
    ) -> Mapping[str, Message]:
        """Ask until all *hosts* are healthy or the time is over; return host → what is wrong."""
        health = self.config.health
        if health is None or not health.url:
            return {}
        if "{instance}" not in health.url:
            hosts = [health.url]
        end, pause = time.monotonic() + health.within.total_seconds(), _PAUSE
        with ThreadPoolExecutor(_PROBES, "health") as pool:
            while True:
                answers = pool.map(lambda name: why_unhealthy(health, address_of(name)), hosts)
                sick = {name: why for name, why in zip(hosts, answers, strict=True) if why}
                if not sick or time.monotonic() >= end or why_stop() is not None:
                    return sick
                hosts = list(sick)
                time.sleep(pause)
                pause = min(pause * 2, _LONGEST_PAUSE)

    def _each(
        self, hosts: Iterable[str], script: Arguments, within: float | None = QUICK
    ) -> tuple[Mapping[str, Answer], Mapping[str, HostFailed]]:
        async def act(link: HostLink) -> Answer:
            return checked(await link.run(script, within=within))

        return self.fleet.each(hosts, act)

    def _demand(self, failed: Mapping[str, HostFailed], code: str = "release-ssh.not-switched") -> None:
        if failed:
            said = Message(code, failed=on_hosts(reasons(failed)))
            raise _Failed(said, hint_of(failed), retry=may_pass(failed))

    def _why_stop(self) -> object | None:
        return self.watch.why_stop()

    @property
    def _name(self) -> str:
        return name_of(self.artifact)


def address_of(host: str) -> str:
    """Return *host* as it stands in a URL."""
    return f"[{host}]" if ":" in host and "://" not in host else host
