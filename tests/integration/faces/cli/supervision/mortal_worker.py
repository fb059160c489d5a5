"""`toban worker`, killed by its own stores: `python -m …mortal_worker`.

It dies by SIGKILL at access number TOBAN_TEST_DIES_AT to a store: just before an object is begun, when it is
durable, before one is read, and around each removal.
"""

import itertools
import os
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from tests.registered import PARTS, parts

from toban import wiring
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore, _ObjectFile
from toban.engine.stores.sealed import SealedStore
from toban.engine.stores.store import StoreKind

_DIES_AT = int(os.environ.get("TOBAN_TEST_DIES_AT", "0"))
_moments = itertools.count(1)


def pass_by() -> None:
    if next(_moments) == _DIES_AT:
        os.kill(os.getpid(), signal.SIGKILL)


class MortalStore(DirectoryStore):
    """A folder whose user is killed at the chosen access."""

    @contextmanager
    def writer(self, key: str) -> Iterator[_ObjectFile]:
        pass_by()
        with super().writer(key) as file:
            yield file
        pass_by()

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        pass_by()
        return super().stream(key, sha256=sha256)

    def delete(self, keys: Sequence[str]) -> None:
        pass_by()
        super().delete(keys)
        pass_by()


KIND = StoreKind(DirectoryConfig, lambda config: SealedStore(MortalStore(config), config))


if __name__ == "__main__":
    mortal = {
        **PARTS.kinds.modules["stores"],
        "directory": "tests.integration.faces.cli.supervision.mortal_worker",
    }
    dying = parts(stores=mortal)
    wiring.command(dying)(["worker"], obj=dying)
