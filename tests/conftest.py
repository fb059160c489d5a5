"""Fixtures for tests of every tier."""

import gc
import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.integration.engine.telemetry.conftest import StoreProcess

from toban.engine.telemetry.store import Telemetry
from toban.faces.cli import click_words

# What tests read, in this process and in those that they start, does not depend on the machine's locale.
os.environ["TOBAN_LANGUAGE"] = "ja"
click_words.translate()

# Tests set no deadline on examples: the machine may be busy.
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=30)
settings.register_profile("quick", QUICK)
# Used by `./check --slow`.
settings.register_profile("thorough", QUICK, max_examples=100)
settings.load_profile("quick")


@pytest.fixture(scope="session")
def running_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """One real `toban store`, with its tables created."""
    with StoreProcess(tmp_path_factory.mktemp("store") / "store") as child:
        child.telemetry.ensure_schema()
        yield child


@pytest.fixture(scope="module")
def store(running_store: StoreProcess) -> StoreProcess:
    """The store without the rows of other test modules."""
    running_store.empty()
    return running_store


@pytest.fixture
def telemetry(store: StoreProcess) -> Telemetry:
    return store.telemetry


def pytest_collection_finish() -> None:
    """Exclude everything that lives until the end (modules, thousands of tests) from garbage collection."""
    gc.collect()
    gc.freeze()
