"""The settings of `[deployments.NAME]` with `kind = "github"`."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, ClassVar, Self

from pydantic import AfterValidator, Field, model_validator

from toban.chapters.release.bindings import DeploymentBinding
from toban.chapters.release.sources.github.config import PUBLIC_API, ApiUrl, RepositoryName
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import beside_the_bindings, invalid
from toban.engine.bindings.values import Length
from toban.engine.git.remote import demand_encryption
from toban.message import Message


class GitHubDeployment(DeploymentBinding):
    """`kind = "github"`: a workflow of GitHub Actions deploys, started by Toban or asking it first."""

    example: ClassVar[Mapping[str, str]] = {
        "repository": "owner/name",
        "token": "env:GITHUB_TOKEN",
        "workflow": "deploy.yml",
    }

    repository: RepositoryName
    """`owner/name`."""
    token: Secret
    """May read and write actions and deployments."""
    workflow: str = Field(default="", pattern=r"^([A-Za-z0-9._-]+\.ya?ml|[0-9]*)$")
    """The workflow that Toban starts, with the inputs `version`, `commit` and `digest`."""
    ref: str = Field(default="main", pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]*$")
    """The branch from which the workflow is taken."""
    asks: bool = False
    """Whether workflows ask Toban before they deploy: it then waits for what they report."""
    github_environment: str = Field(default="", max_length=255)
    """The environment's name on GitHub; empty: the table's name."""
    api: ApiUrl = PUBLIC_API
    """The address of the API; of a GitHub Enterprise Server, `https://HOST/api/v3`."""
    look_every: Length = timedelta(seconds=5)
    """How often it is asked how the workflow stands."""
    answer_within: float = Field(default=20, gt=0, le=60)
    """Seconds for one answer of the API."""
    ca_file: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """Certificates that are trusted besides the system's, PEM."""
    proxy: Secret | None = None
    """The URL of a proxy, which may contain a password."""
    plain_hosts: tuple[str, ...] = ()
    """Hosts of the private network that may be reached without TLS."""

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        demand_encryption(self.api, self.plain_hosts)
        if not self.workflow and not self.asks:
            raise invalid(Message("release-github.no-workflow"), Message("release-github.name-a-workflow"))
        return self
