"""A worker that hangs in the middle of a dump: `stuck_taker.py STORE BINARIES SUBJECT LABEL`."""

import sys
import time

from tests.integration.chapters.backup.engines.slow_store import Interrupted
from tests.integration.chapters.backup.engines.watching import Watching

from toban.chapters.backup.engine import Method
from toban.chapters.backup.engines.pg_dump import KIND
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore


def stick() -> None:
    """Report that the writing has begun, and hang."""
    print("writing", flush=True)  # noqa: T201 - the test reads it
    time.sleep(3600)


if __name__ == "__main__":
    folder, binaries, subject, label = sys.argv[1:]
    store = Interrupted(DirectoryStore(DirectoryConfig.model_validate({"path": folder})), stick)
    config = {"dsn": "env:BACKUP_DSN", "binaries": binaries, "compression": "none"}
    KIND.build(subject, KIND.config.model_validate(config), store).take(label, Method.FULL, None, Watching())
