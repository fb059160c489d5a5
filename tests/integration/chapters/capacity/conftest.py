"""A system whose capacity is watched, with a real store of samples."""

from datetime import datetime
from typing import Any

import pytest
from tests.integration.chapters.capacity.place import NOON, Place
from tests.integration.engine.telemetry.conftest import StoreProcess

from toban.engine.people.models import Operator, OperatorRole


@pytest.fixture
def began() -> datetime:
    """When the place begins: tests of the faces say the machine's own time, which those go by."""
    return NOON


@pytest.fixture
def place(began: datetime, store: StoreProcess, tmp_path: Any, settings: Any, db: None) -> Place:
    settings.HOME = tmp_path
    Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.DEVELOPER)
    store.telemetry.ensure_schema()
    for table in ("samples", "samples_5m"):
        store.told(f"TRUNCATE TABLE {table}")
    return Place(store.telemetry, began)
