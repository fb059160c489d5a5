"""`[crontabs.NAME]`: a crontab that starts batches of the document."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Self

from pydantic import Field, model_validator

from toban.engine.bindings.section import Section, invalid
from toban.engine.bindings.table import named
from toban.engine.bindings.values import ZoneName
from toban.engine.ssh.login import HostName, SshLogin
from toban.message import Message


class CrontabLogin(SshLogin):
    """`ssh` of `[crontabs.NAME]`: the host with the crontab."""

    host: HostName


class CrontabBinding(Section):
    """`[crontabs.NAME]`: where a crontab is, and which of its lines start which batch."""

    example: ClassVar[Mapping[str, str]] = {"path": "/etc/crontab"}

    path: Annotated[str, Field(pattern=r"^/[^\x00-\x1f]*$", max_length=1000)] | None = None
    """Its file; without it, what `crontab -l` lists on the other host."""
    ssh: CrontabLogin | None = None
    """The host; without it, this one."""
    system: bool = False
    """Whether each line names its user, as in /etc/crontab and /etc/cron.d."""
    timezone: ZoneName | None = None
    """The zone of that host's clock; by default the document's."""
    jobs: Mapping[str, Annotated[str, Field(min_length=1, max_length=500)]] = {}
    """A batch → words of the line that starts it. Others are known by their id or name in the line."""

    @model_validator(mode="after")
    def _is_somewhere(self) -> Self:
        if self.path is None and self.ssh is None:
            raise invalid(Message("batch.crontab-is-nowhere"), Message("batch.write-path-or-ssh"))
        return self


CRONTABS = named("crontabs", CrontabBinding)
"""The crontabs that start batches, by name."""
