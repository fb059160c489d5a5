"""A running server, whose people have accounts."""

from pathlib import Path

import pytest
from tests.integration.engine.editions.server import Server
from tests.unit.engine.editions.gate.git import WorkTree

from toban.engine.people.models import Operator, OperatorRole


@pytest.fixture
def server(tmp_path: Path) -> Server:
    for name in ("nami", "suzuki", "eve"):
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=OperatorRole.DEVELOPER)
    made = Server(tmp_path / "ops", tree=WorkTree(tmp_path / "ops"))
    made.write()
    made.look()
    return made
