"""An extension from outside brings its part of the API (ADR 0020)."""

import pytest
from django.test import RequestFactory
from pytest_django import Settings
from tests.integration.faces.web.conftest import Operators

from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole
from toban.engine.registry.parts import Parts
from toban.engine.tokens import service
from toban.engine.tokens.rules import LONGEST, WantedToken
from toban.faces.api.app import made

TOY = Parts(("tests.integration.extensions.toy.extension",))


@pytest.mark.django_db
def test_an_external_extension_adds_a_route_with_a_scope_of_its_own(
    settings: Settings, operator: Operators
) -> None:
    settings.PARTS = TOY
    api, now, person = made(), system_clock(), operator("aki", OperatorRole.VIEWER)
    wanted = WantedToken("ci", ["read:usage"], now + LONGEST)
    token = service.make(person, wanted, tuple(TOY.scopes), by="aki", now=now)
    [usage] = [each for each in api.urls[0] if str(each.pattern) == "usage"]
    assert usage.callback is not None

    answers = [
        usage.callback(RequestFactory().get("/rest/v1/usage", headers={"Authorization": f"Bearer {each}"}))
        for each in (token, "toban_other")
    ]

    assert [each.status_code for each in answers] == [200, 401]
    assert answers[0].content == b'{"disk":42}'
    assert api.get_openapi_schema()["paths"]["/rest/v1/usage"]["get"]["security"] == [
        {"Bearer": ["read:usage"]}
    ]
