"""A system that fails and is mended."""

from pathlib import Path
from typing import Any

import pytest
from tests.integration.chapters.incident.remedies.mended import Mended

from toban.engine.people.models import Operator, OperatorRole


@pytest.fixture
def mended(tmp_path: Path, settings: Any, db: None) -> Mended:
    settings.HOME = tmp_path
    Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.DEVELOPER)
    return Mended(tmp_path)
