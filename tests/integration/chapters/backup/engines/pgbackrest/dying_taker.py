"""A worker that dies in the middle of a backup: `dying_taker.py CONFIG STANZA LABEL PGBACKREST...`."""

import os
import signal
import sys

from tests.integration.chapters.backup.engines.watching import Watching

from toban.chapters.backup.engine import Method
from toban.chapters.backup.engines.pgbackrest import KIND

if __name__ == "__main__":
    file, stanza, label, *command = sys.argv[1:]
    config = KIND.config.model_validate({"stanza": stanza, "command": command, "config": file})
    watch = Watching(act=lambda: os.kill(os.getpid(), signal.SIGKILL))
    KIND.build("PostgreSQL", config, None).take(label, Method.FULL, None, watch)
