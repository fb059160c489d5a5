"""The system of chapter 7's tests, shown by the pages."""

from collections.abc import Iterator
from typing import Any

import pytest
from django.test import Client
from tests.integration.chapters.incident.conftest import place
from tests.integration.chapters.incident.place import Place
from tests.integration.faces.web.conftest import Fixed, SignIn

from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole
from toban.engine.telemetry import present

__all__ = ["place"]


@pytest.fixture(autouse=True)
def shown(place: Place, in_force: Fixed, settings: Any, store: Any) -> Iterator[None]:
    """Put its edition in force, at the time of the clock."""
    settings.TELEMETRY_URL = store.telemetry_url
    present.telemetry.cache_clear()
    place.now = system_clock()
    in_force.edition = place.edition
    yield
    present.telemetry.cache_clear()


@pytest.fixture
def manager(sign_in: SignIn) -> Client:
    return sign_in(OperatorRole.MANAGER)
