"""`[drift]`: how often reality is compared with the document, and where changes of it are sent. Pure."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, Field, model_validator

from toban.engine.bindings.section import beside_the_bindings
from toban.engine.bindings.table import single
from toban.engine.bindings.values import Length
from toban.engine.git.remote import RemoteAccess, RemoteUrl, demand_encryption


class DriftBinding(RemoteAccess):
    """`[drift]`: how reality is compared with the document."""

    every: Length = Field(default=timedelta(hours=1), ge=timedelta(minutes=1), le=timedelta(days=1))
    """How often each setting is looked at."""
    remote: RemoteUrl | None = None
    """Where `toban drift --push` sends the branch with a change of the document; None: nowhere."""
    username: str = Field(default="git", pattern=r"^[^:\s]+$")
    """The name that goes with the token."""
    ssh_key: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """For SSH: the file of the private key, readable by the account alone that pushes."""
    known_hosts: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """For SSH: the file with the host's key; empty: those that the account knows."""

    @model_validator(mode="after")
    def _is_encrypted(self) -> Self:
        if self.remote is not None:
            demand_encryption(self.remote, self.plain_hosts)
        return self


DRIFT = single("drift", DriftBinding, DriftBinding())
