"""A system with incidents."""

import pytest
from tests.integration.chapters.incident.place import Place

from toban.engine.people.models import Operator, OperatorRole


@pytest.fixture
def place(db: None) -> Place:
    Operator.objects.create_user("nami", "nami@example.com", operator_role=OperatorRole.MANAGER)
    Operator.objects.create_user("ren", "ren@example.com", operator_role=OperatorRole.DEVELOPER)
    Operator.objects.create_user("miru", "miru@example.com", operator_role=OperatorRole.VIEWER)
    return Place()
