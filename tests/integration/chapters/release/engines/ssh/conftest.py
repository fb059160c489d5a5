"""The machines, empty before each test."""

from collections.abc import Iterator

import pytest
from tests.integration.chapters.release.engines.ssh.fleet import Machines, machines


@pytest.fixture(scope="module")
def running_machines(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Machines]:
    with machines(tmp_path_factory.mktemp("machines")) as running:
        yield running


@pytest.fixture
def shops(running_machines: Machines) -> Machines:
    for each in running_machines.all:
        each.empty()
    return running_machines
