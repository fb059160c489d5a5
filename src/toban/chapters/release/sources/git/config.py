"""`kind = "git"`: any repository that the system's `git` can fetch from."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from toban.chapters.release.bindings import ReleaseBinding
from toban.engine.bindings.section import beside_the_bindings
from toban.engine.git.remote import RemoteAccess, RemoteUrl, demand_encryption


class RemoteConfig(ReleaseBinding, RemoteAccess):
    """How the repository of a service is reached, whoever says where it is."""


class GitSourceConfig(RemoteConfig):
    """`kind = "git"`: a remote."""

    example: ClassVar[Mapping[str, str]] = {"url": "https://git.example.com/shop.git"}

    url: RemoteUrl
    """Where the repository is: HTTPS, SSH, or a path on this machine."""
    username: str = Field(default="git", pattern=r"^[^:\s]+$")
    """The name that goes with the token."""
    ssh_key: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """For SSH: the file of the private key, readable by Toban's account only."""
    known_hosts: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """For SSH: the file with the host's key; empty: those that Toban's account knows."""
    review_trailers: tuple[str, ...] = ("Reviewed-by", "Acked-by")
    """The trailers by which people approve a commit; empty: reviews are not written down here."""

    @model_validator(mode="after")
    def _is_encrypted(self) -> "GitSourceConfig":
        demand_encryption(self.url, self.plain_hosts)
        return self
