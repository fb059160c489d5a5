"""A workflow of GitHub Actions: `kind = "github"`."""

from collections.abc import Iterator, Sequence

from toban.chapters.release.engine import DeployEngine, DeployFailed, DeploySite, EngineKind
from toban.chapters.release.engines.github.config import GitHubDeployment
from toban.engine.trial import Doubt


def _open(config: GitHubDeployment, site: DeploySite) -> DeployEngine:
    # Imported late: it asks the state database, which reading the bindings must not need.
    from toban.chapters.release.engines.github.engine import GitHubEngine  # noqa: PLC0415

    return GitHubEngine(config, site)


def _doubts(config: GitHubDeployment, site: DeploySite) -> Iterator[Doubt]:
    try:
        _open(config, site).serving()
    except DeployFailed as error:
        yield error.doubt


def _bound(config: GitHubDeployment) -> Sequence[str]:
    return (f"{config.repository} {config.workflow}".strip(),)


KIND = EngineKind(GitHubDeployment, _open, _doubts, _bound)
"""The settings of `[deployments.NAME]` with `kind = "github"`."""
