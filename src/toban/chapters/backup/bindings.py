"""What `toban.toml` says for chapter 4: how each subject is backed up, and how restores are rehearsed."""

from datetime import time, timedelta
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator

from toban.engine.bindings.section import Section, beside_the_bindings
from toban.engine.bindings.values import ClockTime, Length


class DrillBinding(Section):
    """`[backups.SUBJECT.drill]`: how a restore is rehearsed, in a server that is thrown away afterwards."""

    binaries: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """The folder of the database's programs, of the source's major version; None: the usual places."""
    folder: Annotated[Path, AfterValidator(beside_the_bindings)] | None = None
    """Where it is restored to; None: the system's temporary folder."""
    account: str = "postgres"
    """Whom the server runs as where Toban runs as root."""
    role: str = "postgres"
    """A superuser of the source's: the restored server is asked as that one."""
    database: str = ""
    """The database that is compared and asked; empty for the one that `dsn` names."""
    query: str = ""
    """The application's own question: it must succeed."""
    expect: str = ""
    """What the first column of its first row must be; empty for anything."""
    compare_within: Length = timedelta(minutes=10)
    """How long reading the source's tables may take; the smallest come first."""
    at: ClockTime = time(5)
    """When it begins on a day that the document names without a clock time."""


class BackupBinding(Section):
    """What every backup's table may say; the config of each backup engine derives from it."""

    store: str = ""
    """The `[stores.NAME]` it goes to; empty for the one that the row's 保存先 names."""
    verify: Literal["read", "list"] = "read"
    """Whether what was stored is read back before it counts as a backup, or only listed and compared."""
    timeout: Length | None = None
    """The longest that taking one may take."""
    drill: DrillBinding | None = None
    """How restores are rehearsed; without it the document's restore test is not Toban's."""
