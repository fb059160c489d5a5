"""Fixtures for tests of every tier."""

import gc
import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from hypothesis import HealthCheck, settings
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.states import migrated_postgres, migrated_sqlite, shared_folder

from toban.engine.telemetry.store import Telemetry
from toban.faces.cli import click_words

__all__ = ["migrated_postgres", "migrated_sqlite", "shared_folder"]

# What tests read, in this process and in those that they start, does not depend on the machine's locale.
os.environ["TOBAN_LANGUAGE"] = "ja"
click_words.translate()
# What passwords of tests protect is nothing: their digests need not take a third of a second each.
PBKDF2PasswordHasher.iterations = 1

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


@pytest.fixture(scope="session")
def django_db_modify_db_settings(migrated_sqlite: Path) -> Iterator[None]:
    """Fill the test database before it is migrated, which then has nothing to do."""
    name = connection.creation._get_test_db_name()  # type: ignore[attr-defined]
    with closing(sqlite3.connect(name, uri=True)) as kept, closing(sqlite3.connect(migrated_sqlite)) as made:
        made.backup(kept)
        yield


def pytest_collection() -> None:
    """Collect no garbage among modules and thousands of tests, all of which live until the end."""
    gc.disable()


def pytest_collection_finish() -> None:
    """Exclude all of these from garbage collection."""
    gc.collect()
    gc.freeze()
    gc.enable()
