"""`kind = "git"`: a file of a repository."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import AfterValidator, Field, model_validator

from toban.chapters.documents.bindings import DocumentBinding
from toban.engine.bindings.section import beside_the_bindings, invalid
from toban.engine.git.names import is_usable_name
from toban.engine.git.remote import RemoteAccess, RemoteUrl, demand_encryption
from toban.message import Message


def _inside(path: str) -> str:
    if not path.isprintable() or any(part in ("", ".", "..") for part in path.split("/")):
        raise invalid(Message("documents.not-a-path"))
    return path


def _usable(branch: str) -> str:
    if not is_usable_name(branch):
        raise invalid(Message("documents.not-a-branch"))
    return branch


class GitDocument(DocumentBinding, RemoteAccess):
    """`kind = "git"`: a file of a repository that the system's `git` can fetch from."""

    spot: ClassVar[tuple[str, ...]] = ("url", "branch", "path")
    example: ClassVar[Mapping[str, str]] = {
        "url": "https://git.example.com/docs.git",
        "path": "docs/procedures.md",
    }

    url: RemoteUrl
    """Where the repository is: HTTPS, SSH, or a path on this machine."""
    path: Annotated[str, Field(max_length=500), AfterValidator(_inside)]
    """The file, from the repository's root."""
    branch: Annotated[str, AfterValidator(_usable)] = "main"
    username: str = Field(default="git", pattern=r"^[^:\s]+$")
    """The name that goes with the token."""
    ssh_key: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """For SSH: the file of the private key, readable by Toban's account only."""
    known_hosts: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """For SSH: the file with the host's key; empty: those that Toban's account knows."""

    @model_validator(mode="after")
    def _is_encrypted(self) -> "GitDocument":
        demand_encryption(self.url, self.plain_hosts)
        return self
