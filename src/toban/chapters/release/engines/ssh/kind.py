"""Versions on other hosts, by SSH: `kind = "ssh"`. The SSH library is loaded when an engine is opened."""

from collections.abc import Iterator, Sequence

from toban.chapters.release.engine import DeployEngine, DeploySite, EngineKind
from toban.chapters.release.engines.ssh.config import SshDeployment
from toban.engine.trial import Doubt


def _open(config: SshDeployment, site: DeploySite) -> DeployEngine:
    from toban.chapters.release.engines.ssh.engine import SshEngine  # noqa: PLC0415

    return SshEngine(config, site)


def _doubts(config: SshDeployment, site: DeploySite) -> Iterator[Doubt]:
    from toban.chapters.release.engines.ssh.doubts import troubles  # noqa: PLC0415

    yield from troubles(config, site)


def _bound(config: SshDeployment) -> Sequence[str]:
    return config.hosts


KIND = EngineKind(SshDeployment, _open, _doubts, _bound)
