"""Hosts for the tests of patches."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from tests.integration.chapters.patching.apt_host import (
    AptHost,
    Repository,
    apt_host,
    bring,
    install,
    needs_apt,
)
from tests.ports import free_port


@contextmanager
def readable_folder() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="hosts"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that the hosts' own login can read: pytest keeps its folders to itself."""
    with readable_folder() as folder:
        yield folder


def old_versions(ground: Path) -> Repository:
    needs_apt()
    found = Repository(ground / "repository")
    found.folder.mkdir()
    for name in ("curl", "openssl"):
        found.add(name, "1.0")
    return found


@pytest.fixture
def repository(ground: Path) -> Repository:
    return old_versions(ground)


@pytest.fixture(scope="session")
def installed() -> Iterator[Path]:
    """The root of a host on which apt and dpkg have installed the old versions."""
    with (
        readable_folder() as folder,
        apt_host(folder, old_versions(folder), "127.0.0.2", free_port()) as host,
    ):
        install(host, {"curl": "1.0", "openssl": "1.0"})
        yield host.root


@pytest.fixture
def hosts(repository: Repository, ground: Path, installed: Path) -> Iterator[list[AptHost]]:
    """Three hosts with the old versions; the fixes are published, and not installed."""
    port = free_port()
    with ExitStack() as stack:
        found: list[AptHost] = []
        for number in (2, 3, 4):
            host = stack.enter_context(apt_host(ground, repository, f"127.0.0.{number}", port))
            # One login for all.
            first = (found[0] if found else host).remote
            for name in ("user", "user.pub"):
                (host.remote.folder / name).write_bytes((first.folder / name).read_bytes())
            bring(host, installed)
            found.append(host)
        for name in ("curl", "openssl"):
            repository.add(name, "1.1")
        yield found
