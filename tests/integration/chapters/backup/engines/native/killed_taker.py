"""A process that takes a backup, reports that it is about to write the manifest, and hangs there.

`python killed_taker.py STORE DSN LABEL`
"""

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.integration.chapters.backup.engines.watching import Watching

from toban.chapters.backup.engine import Method
from toban.chapters.backup.engines.native.taking.pack import Compression
from toban.chapters.backup.engines.native.taking.take import ClusterSource, take
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore, _ObjectFile


class HangsAtTheManifest(DirectoryStore):
    """A store that hangs at the manifest, when everything before it is stored."""

    @contextmanager
    def writer(self, key: str) -> Iterator[_ObjectFile]:
        if "backup_manifest" in key:
            print("archives stored", flush=True)  # noqa: T201 - read by the test
            time.sleep(600)
        with super().writer(key) as writer:
            yield writer


def main(folder: str, dsn: str, label: str) -> None:
    store = HangsAtTheManifest(DirectoryConfig(path=Path(folder)))
    take(
        ClusterSource("PostgreSQL", dsn, store, Compression(1, 1), "fast"),
        label,
        Method.FULL,
        None,
        Watching(),
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
