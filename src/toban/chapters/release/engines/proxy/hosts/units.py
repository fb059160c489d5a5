"""Instances as systemd units: Toban writes their environment, and has systemd start and stop them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from toban.chapters.release.engine import DeployFailed, DeploySite
from toban.chapters.release.engines.proxy.config import ProxyDeployment
from toban.chapters.release.engines.proxy.hosts.host import variables
from toban.chapters.release.engines.proxy.hosts.processes import Trees
from toban.chapters.release.engines.proxy.program import call
from toban.chapters.release.engines.proxy.records import Instance, Version
from toban.engine.supervision.home import write_whole
from toban.message import NOTHING, Message

_DIGEST = "RELEASE_DIGEST="


class Units(Trees):
    """Units made from a template: `shop@{port}.service`."""

    def __init__(self, config: ProxyDeployment, site: DeploySite) -> None:
        super().__init__(config)
        self._site = site

    def start(self, instance: Instance, version: Version, folder: Path) -> None:
        """See `InstanceHost`."""
        told = variables(self._config, self._site, instance, version, folder)
        file = self._file(instance)
        try:
            write_whole(file, as_file(told))
        except OSError as error:
            said = Message("release-proxy.file-unwritable", file=file, why=error.strerror)
            raise DeployFailed(said) from error
        # Also if it runs: something else has started it, with an older environment.
        self._systemctl("restart", self._unit(instance))

    def serves(self, instance: Instance) -> str:
        """See `InstanceHost`: the version in the file that the running unit was started with."""
        try:
            self._systemctl("is-active", "--quiet", self._unit(instance))
            lines = self._file(instance).read_text(encoding="utf-8").splitlines()
        except (DeployFailed, OSError):
            return ""
        found = (line.removeprefix(_DIGEST).strip('"') for line in lines if line.startswith(_DIGEST))
        return next(found, "")

    def has_its_port(self, instance: Instance) -> bool:
        """See `InstanceHost`: a unit that can't bind fails."""
        return bool(self.serves(instance))

    def stop(self, instances: Sequence[Instance]) -> None:
        """See `InstanceHost`. How long it takes is the unit's `TimeoutStopSec=`."""
        if instances:
            self._systemctl("stop", *map(self._unit, instances))
        for each in instances:
            with suppress(FileNotFoundError):
                self._file(each).unlink()

    def limit_output(self, instance: Instance) -> None:
        """See `InstanceHost`: the journal limits itself."""

    def last_words(self, instance: Instance) -> Message:  # noqa: ARG002
        """See `InstanceHost`: they are in the journal."""
        return NOTHING

    def _systemctl(self, *arguments: str) -> str:
        # Starting and stopping wait for the unit, as long as its own limits say.
        return call([*self._config.systemctl, *arguments], within=self._config.timeout.total_seconds())

    def _unit(self, instance: Instance) -> str:
        return self._config.unit.replace("{port}", str(instance.port))

    def _file(self, instance: Instance) -> Path:
        return self._site.folder / self._config.unit_file.replace("{port}", str(instance.port))


def as_file(told: Mapping[str, str]) -> str:
    """Return the variables in the syntax of `EnvironmentFile=`. Pure."""
    quoted = (
        (name, value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("`", "\\`"))
        for name, value in told.items()
    )
    return "".join(f'{name}="{value}"\n' for name, value in quoted)
