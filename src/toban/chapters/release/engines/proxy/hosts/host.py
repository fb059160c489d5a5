"""How instances are run: the part that differs between processes, units and containers."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol

from toban.chapters.release.engine import Artifact, DeployFailed, DeploySite, DeployWatch
from toban.chapters.release.engines.proxy.config import ProxyDeployment
from toban.chapters.release.engines.proxy.records import Instance, Version
from toban.engine.bindings.secret import SecretUnavailable
from toban.message import Message, message_of


class InstanceHost(Protocol):
    """Where instances run. Every act may be repeated; raises `DeployFailed`."""

    def install(self, artifact: Artifact, folder: Path, watch: DeployWatch) -> None:
        """Bring the version here; *folder* is its own."""

    def remove(self, version: Version, folder: Path) -> None:
        """Remove it."""

    def start(self, instance: Instance, version: Version, folder: Path) -> None:
        """Start the instance, which is recorded and does not run; it lives on without this process."""

    def serves(self, instance: Instance) -> str:
        """Return the digest of the version that runs as this instance, as the instance itself says it.

        Empty if nothing runs, or something that is none of Toban's.
        """

    def has_its_port(self, instance: Instance) -> bool:
        """Return whether it listens itself: another program on its port could answer in its place."""

    def stop(self, instances: Sequence[Instance]) -> None:
        """Ask them to end, and end those that don't in time; does nothing about those that don't run."""

    def limit_output(self, instance: Instance) -> None:
        """Keep what it writes from filling the disk, where nobody else does."""

    def last_words(self, instance: Instance) -> Message:
        """Return the end of what it has written, if that is known."""


def revealed(config: ProxyDeployment) -> Mapping[str, str]:
    """Return the variables whose values are secret."""
    try:
        return {name: secret.reveal() for name, secret in config.secrets.items()}
    except SecretUnavailable as error:
        raise DeployFailed(message_of(error)) from error


def variables(
    config: ProxyDeployment, site: DeploySite, instance: Instance, version: Version, folder: Path
) -> Mapping[str, str]:
    """Return the environment that tells an instance who it is."""
    return {
        **config.variables,
        **revealed(config),
        "PORT": str(instance.port),
        "RELEASE_COMMIT": version.commit,
        "RELEASE_DIGEST": version.digest,
        "RELEASE_ENVIRONMENT": site.environment,
        "RELEASE_FOLDER": str(folder),
        "RELEASE_INSTANCE": str(instance.number),
        "RELEASE_VERSION": version.label,
        "RELEASE_SERVICE": site.service,
    }


def filled(arguments: Sequence[str], instance: Instance, folder: Path) -> list[str]:
    """Return the arguments; `{folder}`, `{port}` and `{instance}` are the instance's values. Pure."""
    values = {"{folder}": str(folder), "{port}": str(instance.port), "{instance}": str(instance.number)}
    return [values.get(each, each) for each in arguments]
