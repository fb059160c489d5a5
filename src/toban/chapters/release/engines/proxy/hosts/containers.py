"""Instances as containers of the released image, by the command line of Docker or Podman."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite, DeployWatch
from toban.chapters.release.engines.proxy.config import ContainerBinding, ProxyDeployment
from toban.chapters.release.engines.proxy.hosts.host import revealed, variables
from toban.chapters.release.engines.proxy.program import call
from toban.chapters.release.engines.proxy.records import Instance, Version
from toban.message import NOTHING, Message, plain

_LABEL = "toban.release"
_LAST_LINES = "20"


class Containers:
    """Containers that publish one port each on 127.0.0.1."""

    def __init__(self, config: ProxyDeployment, container: ContainerBinding, site: DeploySite) -> None:
        self._config = config
        self._container = container
        self._site = site
        # Two deployments, or two Tobans, on one machine: names of containers are one space.
        self._prefix = "toban-" + hashlib.sha256(str(site.home.absolute()).encode()).hexdigest()[:8]

    def install(self, artifact: Artifact, folder: Path, watch: DeployWatch) -> None:
        """See `InstanceHost`."""
        if "@" not in artifact.image:
            raise DeployFailed(Message("release-proxy.no-image", label=artifact.label))
        watch.say(Message("release-proxy.pulls", image=artifact.image))
        self._call("pull", "--quiet", artifact.image)
        folder.mkdir(mode=0o700, exist_ok=True)

    def remove(self, version: Version, folder: Path) -> None:
        """See `InstanceHost`. An image that others use stays."""
        with suppress(DeployFailed):
            self._call("image", "rm", version.image)
        if folder.is_dir():
            folder.rmdir()

    def start(self, instance: Instance, version: Version, folder: Path) -> None:
        """See `InstanceHost`. Values of variables are in the environment of `run`, not in its arguments."""
        told = variables(self._config, self._site, instance, version, folder)
        self._remove(instance)
        self._call(
            *("run", "--detach", "--name", self._name(instance), "--restart", "unless-stopped"),
            *("--label", f"{_LABEL}={version.digest}"),
            *("--publish", f"127.0.0.1:{instance.port}:{self._container.port}"),
            *(part for name in told for part in ("--env", name)),
            *(*self._container.options, version.image),
            environment={**told, "PORT": str(self._container.port)},
        )

    def serves(self, instance: Instance) -> str:
        """See `InstanceHost`: the label that the running container was made with."""
        wanted = '{{.State.Running}} {{index .Config.Labels "' + _LABEL + '"}}'
        try:
            runs, _, digest = self._call("inspect", "--format", wanted, self._name(instance)).partition(" ")
        except DeployFailed:
            return ""
        return digest.strip() if runs == "true" else ""

    def has_its_port(self, instance: Instance) -> bool:
        """See `InstanceHost`: a port that is taken can't be published."""
        return bool(self.serves(instance))

    def stop(self, instances: Sequence[Instance]) -> None:
        """See `InstanceHost`."""
        names = [self._name(each) for each in instances if self.serves(each)]
        if names:
            self._call("stop", "--time", str(round(self._config.stop_within.total_seconds())), *names)
        for each in instances:
            self._remove(each)

    def limit_output(self, instance: Instance) -> None:
        """See `InstanceHost`: the container engine is configured for that."""

    def last_words(self, instance: Instance) -> Message:
        """See `InstanceHost`."""
        try:
            return plain(self._call("logs", "--tail", _LAST_LINES, self._name(instance)).strip())
        except DeployFailed:
            return NOTHING

    def _remove(self, instance: Instance) -> None:
        with suppress(DeployFailed):
            self._call("rm", "--force", self._name(instance))

    def _name(self, instance: Instance) -> str:
        return f"{self._prefix}-{instance.port}"

    def _call(self, *arguments: str, environment: dict[str, str] | None = None) -> str:
        within = self._config.timeout.total_seconds()
        return call(
            [*self._container.command, *arguments],
            within=within,
            environment=environment or {},
            secrets=revealed(self._config).values(),
        )
