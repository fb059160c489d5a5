"""By what pgBackRest's own configuration would remove backups: https://pgbackrest.org/configuration.html

Toban overrides it in each of its commands; whoever runs `pgbackrest backup` or `expire` beside it does not.
"""

from collections.abc import Sequence
from configparser import ConfigParser, Error
from decimal import Decimal
from pathlib import Path

from toban.chapters.backup.engine import BackupFailed
from toban.chapters.backup.engines.pgbackrest.config import PgBackRestBackup
from toban.design.values.backup_method import BackupMethod
from toban.design.values.duration import Duration, Generations, Retention, TimeUnit
from toban.message import Message

_FILE = Path("/etc/pgbackrest/pgbackrest.conf")
"""Where pgBackRest looks by itself."""
_LONGEST = 1024 * 1024
_NEVER = 9_999_999
"""The largest number that pgBackRest accepts: nothing is removed by it."""


def file_of(config: PgBackRestBackup) -> Path:
    """Return the file of pgBackRest's configuration."""
    return config.config or _FILE


def own_keeping(config: PgBackRestBackup, method: BackupMethod) -> Sequence[Retention | Generations]:
    """Return by what it removes backups of *method*; raise `BackupFailed` if the file can't be read."""
    options = _options(config)
    prefix = f"repo{config.repo}-retention"
    kind = "full" if method is BackupMethod.FULL or config.increments == "incr" else "diff"
    said = options.get(f"{prefix}-{kind}", "")
    if not said.isdecimal() or not 0 < int(said) < _NEVER:
        return ()
    if kind == "full" and options.get(f"{prefix}-full-type") == "time":
        return (Duration(Decimal(said), TimeUnit.DAY),)
    # An increment of the kind `incr` goes with its full backup: the count is not its own.
    return (Generations(int(said)),) if kind == "diff" or method is BackupMethod.FULL else ()


def _options(config: PgBackRestBackup) -> dict[str, str]:
    """Return the options of the stanza for `backup` and `expire`, by how pgBackRest ranks its sections."""
    file = file_of(config)
    # Two commands of the same section may differ: what expires decides.
    sections = ("global", "global:backup", "global:expire", config.stanza)
    own = (*sections, f"{config.stanza}:backup", f"{config.stanza}:expire")
    parser = ConfigParser(interpolation=None, strict=False, delimiters=("=",), comment_prefixes=("#", ";"))
    try:
        with file.open("rb") as written:
            parser.read_string(written.read(_LONGEST).decode("utf-8"))
    except (OSError, ValueError, Error) as error:
        why = error.strerror if isinstance(error, OSError) else type(error).__name__
        said = Message("backup-engines.configuration-not-read", file=str(file), why=why or "")
        # The line that is wrong may be one with a passphrase.
        raise BackupFailed(said) from None
    found: dict[str, str] = {}
    for name in own:
        found |= dict(parser[name]) if parser.has_section(name) else {}
    return {name: value.strip() for name, value in found.items()}
