"""A system whose capacity is watched, with a real store of samples."""

from typing import Any

import pytest
from tests.integration.chapters.capacity.place import Place
from tests.integration.engine.telemetry.conftest import StoreProcess

from toban.engine.people.models import Operator, OperatorRole


@pytest.fixture
def place(store: StoreProcess, tmp_path: Any, settings: Any, db: None) -> Place:
    settings.HOME = tmp_path
    Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.DEVELOPER)
    store.telemetry.ensure_schema()
    for table in ("samples", "samples_5m"):
        store.told(f"TRUNCATE TABLE {table}")
    return Place(store.telemetry)
