"""Servers to back up, and a disk that fills up."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.chapters.backup import debian17
from tests.integration.chapters.backup.debian17 import Cluster, Debian17

from toban.engine.stores.directory import DirectoryConfig, DirectoryStore


@pytest.fixture(scope="session")
def debian() -> Iterator[Debian17]:
    """Debian's PostgreSQL 17 and pgBackRest."""
    found = debian17.find()
    yield found
    shutil.rmtree(found.root, ignore_errors=True)


def place_of(request: pytest.FixtureRequest) -> str:
    """Name a place for the module: modules of several folders have the same name."""
    return "-".join(request.module.__name__.rsplit(".", 2)[1:])


@pytest.fixture(scope="module")
def server17(debian: Debian17, request: pytest.FixtureRequest) -> Iterator[Cluster]:
    """A PostgreSQL 17."""
    cluster = Cluster(debian, place_of(request))
    cluster.make()
    cluster.start()
    yield cluster
    cluster.stop()
    shutil.rmtree(cluster.data)


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    """An empty store."""
    folder = tmp_path / "store"
    folder.mkdir()
    return DirectoryStore(DirectoryConfig(path=folder))


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A disk of 4 MiB that every account can reach."""
    mount, umount = shutil.which("mount"), shutil.which("umount")
    if os.geteuid() != 0 or mount is None or umount is None:
        pytest.skip("a disk of the test's own needs root")
    folder = Path(tempfile.mkdtemp(prefix="disk-"))
    folder.chmod(0o711)
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", "size=4m,mode=711", "tmpfs", folder], check=False, capture_output=True
    )
    if made.returncode != 0:
        pytest.skip(f"a disk can't be mounted here: {made.stderr.decode().strip()}")
    yield folder
    subprocess.run([umount, folder], check=True)
    folder.rmdir()
