"""What tests of every tier may stand on."""

import gc
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from tests.integration.engine.telemetry.conftest import StoreProcess

from toban.engine.telemetry.store import Telemetry

# How long something takes is no matter of tests: the machine may be busy.
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=30)
settings.register_profile("toban", QUICK)
# What `./check --slow` asks for.
settings.register_profile("thorough", QUICK, max_examples=100)
settings.load_profile("toban")


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[StoreProcess]:
    """The real `toban store`, one for the tests of a module; its tables are made."""
    with StoreProcess(tmp_path_factory.mktemp("store") / "store") as child:
        child.telemetry.ensure_schema()
        yield child


@pytest.fixture
def telemetry(store: StoreProcess) -> Telemetry:
    return store.telemetry


def pytest_collection_finish() -> None:
    """Spare the collector what lives until the end: modules and thousands of tests."""
    gc.collect()
    gc.freeze()
