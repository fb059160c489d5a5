"""`kind = "github"`: a repository on GitHub, or on a GitHub Enterprise Server."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Annotated, ClassVar
from urllib.parse import urlsplit

from pydantic import AfterValidator, Field, StringConstraints, model_validator

from toban.chapters.release.sources.git.config import RemoteConfig
from toban.engine.bindings.secret import Secret
from toban.engine.bindings.section import invalid
from toban.engine.git.remote import demand_encryption
from toban.message import Message

PUBLIC_API = "https://api.github.com"
OWN_STATUS = "toban"
"""How the names of Toban's own statuses begin: they prove nothing."""

type RepositoryName = Annotated[
    str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}/\.?[A-Za-z0-9_-][A-Za-z0-9._-]{0,98}$")
]


def _api(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.query or parts.username:
        raise invalid(Message("release-github.not-an-api"), Message("release-github.write-the-api"))
    return url.rstrip("/")


type ApiUrl = Annotated[str, AfterValidator(_api)]


class GitHubSourceConfig(RemoteConfig):
    """`kind = "github"`: a repository, with a token that may read it."""

    example: ClassVar[Mapping[str, str]] = {"repository": "owner/name", "token": "env:GITHUB_TOKEN"}

    repository: RepositoryName
    """`owner/name`."""
    token: Secret
    """May read contents, pull requests, checks and statuses, and write statuses."""
    webhook_secret: Secret | None = None
    """The secret of the webhook that says at once what is new; without one, Toban asks every `poll`."""
    api: ApiUrl = PUBLIC_API
    """The address of the API; of a GitHub Enterprise Server, `https://HOST/api/v3`."""
    clone_url: str = ""
    """Where git fetches from; empty: what goes with `api`."""
    required_checks: tuple[str, ...] = ()
    """The checks without which a commit is not checked; empty: whichever there are."""
    ignored_checks: tuple[str, ...] = ()
    """Patterns of checks that do not count, such as the job that deploys."""
    timeout: float = Field(default=20, gt=0, le=60)
    """Seconds for one answer of the API."""

    @model_validator(mode="after")
    def _is_encrypted(self) -> "GitHubSourceConfig":
        demand_encryption(self.api, self.plain_hosts)
        demand_encryption(self.remote, self.plain_hosts)
        return self

    @property
    def remote(self) -> str:
        """Where git fetches from."""
        return self.clone_url or remote_of(self.api, self.repository)

    def counts(self, check: str) -> bool:
        """Return whether a check or status of this name says something about a commit."""
        own = check == OWN_STATUS or check.startswith(f"{OWN_STATUS}/")
        return not own and not any(fnmatchcase(check, each) for each in self.ignored_checks)


def remote_of(api: str, repository: str) -> str:
    """Return the address from which git fetches what *api* speaks of."""
    parts = urlsplit(api)
    host = "github.com" if api == PUBLIC_API else parts.netloc
    return f"{parts.scheme}://{host}/{repository}.git"
