"""An incident, and people with accounts."""

import pytest
from tests.integration.chapters.incident.reports.scenery import Scenery, edition_of

from toban.engine.people.models import Operator, OperatorRole


@pytest.fixture
def scenery(db: None) -> Scenery:
    for name, role in (
        ("tanaka", OperatorRole.MANAGER),
        ("sato", OperatorRole.DEVELOPER),
        ("kimura", OperatorRole.DEVELOPER),
        ("miru", OperatorRole.VIEWER),
    ):
        Operator.objects.create_user(name, f"{name}@example.com", operator_role=role)
    return Scenery(edition_of())
