"""Hosts for the tests of patches."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from tests.integration.chapters.patching.apt_host import AptHost, Repository, apt_host, install, needs_apt
from tests.ports import free_port


@pytest.fixture
def ground() -> Iterator[Path]:
    """A folder that the hosts' own login can read: pytest keeps its folders to itself."""
    folder = Path(tempfile.mkdtemp(prefix="hosts"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def repository(ground: Path) -> Repository:
    needs_apt()
    found = Repository(ground / "repository")
    found.folder.mkdir()
    for name in ("curl", "openssl"):
        found.add(name, "1.0")
    return found


@pytest.fixture
def hosts(repository: Repository, ground: Path) -> Iterator[list[AptHost]]:
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
            install(host, {"curl": "1.0", "openssl": "1.0"})
            found.append(host)
        for name in ("curl", "openssl"):
            repository.add(name, "1.1")
        yield found
