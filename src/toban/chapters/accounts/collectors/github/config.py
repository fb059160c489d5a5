"""The settings of `[accounts.NAME]` with `kind = "github"`."""

from collections.abc import Mapping
from typing import ClassVar

from pydantic import Field

from toban.chapters.accounts.bindings import AccountsBinding
from toban.engine.bindings.secret import Secret
from toban.engine.network.tls import CaFile


class GithubAccounts(AccountsBinding):
    """`kind = "github"`: a token that may read the organisation's members."""

    example: ClassVar[Mapping[str, str]] = {"organization": "example", "token": "env:GITHUB_TOKEN"}

    organization: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9-]{0,38}$")
    token: Secret
    """An owner's shows who has no second factor; another's does not."""
    url: str = "https://api.github.com"
    """Another for GitHub Enterprise Server: `https://github.example.com/api/v3`."""
    ca_file: CaFile | None = None
    lock_token: Secret | None = None
    """It may remove members: with it, Toban may."""
