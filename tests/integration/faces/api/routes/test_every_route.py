"""What a token may not do is refused on every route of the API, whatever else is wrong with the request."""

import re
from collections.abc import Callable, Mapping
from datetime import timedelta

import pytest
from django.test import Client
from tests.integration.faces.api.conftest import EVERYTHING, Programs

from toban.engine.clock import system_clock
from toban.engine.people import attempts
from toban.engine.people.first import end_access, renewed_password
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.tokens import service
from toban.engine.tokens.models import AnsweredRequest, ApiToken
from toban.engine.tokens.rules import Pace
from toban.faces.api import access
from toban.faces.api.access import RequestCounter
from toban.faces.api.urls import API

pytestmark = pytest.mark.django_db

ROUTES: list[tuple[str, str, str]] = [
    (method.upper(), path, scope)
    for path, routes in dict(API.get_openapi_schema())["paths"].items()
    for method, route in routes.items()
    for [scope] in [route["security"][0]["Bearer"]]
]


def ended(token: ApiToken) -> None:
    ApiToken.objects.filter(pk=token.pk).update(ends_at=system_clock() - timedelta(seconds=1))


def revoked(token: ApiToken) -> None:
    service.revoke(token.pk, by="boss")


def locked(token: ApiToken) -> None:
    Operator.objects.filter(pk=token.operator_id).update(is_active=False)


def locked_out_and_back(token: ApiToken) -> None:
    end_access(token.operator)
    token.operator.save()


def given_a_password(token: ApiToken) -> None:
    renewed_password(token.operator.username, system_clock())


def removed(token: ApiToken) -> None:
    token.operator.delete()


LOST: Mapping[str, Callable[[ApiToken], None]] = {
    each.__name__: each for each in (ended, revoked, locked, locked_out_and_back, given_a_password, removed)
}


@pytest.fixture(autouse=True)
def often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the address and the token ask as often as there are routes."""
    monkeypatch.setattr(access, "_counter", RequestCounter(Pace(1_000_000)))
    monkeypatch.setattr(attempts, "at_token", lambda *_: timedelta())


def admitted(headers: Mapping[str, str], *, only: str = "") -> list[str]:
    """Return the routes that do not refuse a request with *headers*; with *only*, those of such scopes."""
    client, wrong = Client(), []
    for method, path, scope in ROUTES:
        if scope.startswith(only):
            address = re.sub(r"\{[^}]+\}", "1", path)
            answer = client.generic(method, address, b"{}", "application/json", headers=dict(headers))
            if answer.status_code not in (401, 403) or b"urn:toban:problem:" not in answer.content:
                wrong.append(f"{method} {path} {answer.status_code}")
    return wrong


def test_the_api_has_routes_of_both_kinds() -> None:
    assert len([scope for _, _, scope in ROUTES if scope.startswith("act:")]) > 40
    assert len([scope for _, _, scope in ROUTES if scope.startswith("read:")]) > 40


@pytest.mark.parametrize("lost", LOST)
def test_a_token_that_is_none_any_more_opens_no_route(lost: str, program: Programs) -> None:
    made = program(OperatorRole.MANAGER, *EVERYTHING)
    LOST[lost](ApiToken.objects.select_related("operator").get())

    assert admitted(made.headers) == []


@pytest.mark.parametrize("scope", EVERYTHING)
def test_every_other_scope_opens_no_route(scope: str, program: Programs) -> None:
    made = program(OperatorRole.MANAGER, *(each for each in EVERYTHING if each != scope))

    assert admitted(made.headers, only=scope) == []


def test_whoever_became_a_viewer_orders_by_no_route(program: Programs) -> None:
    made = program(OperatorRole.MANAGER, *EVERYTHING)
    Operator.objects.update(operator_role=OperatorRole.VIEWER)

    assert admitted(made.headers, only="act:") == []
    assert not AnsweredRequest.objects.exists()


def test_a_session_opens_no_route(program: Programs) -> None:
    program(OperatorRole.MANAGER, *EVERYTHING)
    client = Client()
    client.force_login(Operator.objects.get())

    assert admitted({"Cookie": f"sessionid={client.cookies['sessionid'].value}"}) == []
