"""The shop with accounts for its people."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.release.shop import Shop

from toban.engine.people.models import Operator, OperatorRole


@pytest.fixture
def shop(tmp_path: Path, settings: Any, db: None) -> Shop:
    settings.HOME = tmp_path
    for name, role in (
        ("nami", OperatorRole.DEVELOPER),
        ("ken", OperatorRole.DEVELOPER),
        ("mio", OperatorRole.DEVELOPER),
        ("eve", OperatorRole.VIEWER),
    ):
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=role)
    shop = Shop(tmp_path)
    shop.source.add("v1")
    return shop
