"""Requests that a fuzzer makes of the API's description: none breaks it, and answers are as described."""

from collections.abc import Iterator
from http import HTTPStatus
from typing import Any

import pytest
import schemathesis
from django.core.wsgi import get_wsgi_application
from hypothesis import HealthCheck, given, settings
from pytest_django import Settings
from schemathesis import Case, GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.integration.faces.api.conftest import EVERYTHING, Programs
from tests.integration.faces.api.test_reading import filled
from tests.integration.faces.web import firing
from tests.integration.faces.web.conftest import Fixed
from tests.integration.faces.web.firing import fired

from toban.engine.clock import system_clock
from toban.engine.people.models import OperatorRole
from toban.engine.telemetry import present
from toban.engine.tokens.rules import Pace
from toban.faces.api import access
from toban.faces.api.access import RequestCounter
from toban.faces.api.urls import API

pytestmark = [pytest.mark.slow, pytest.mark.django_db]

SCHEMA = schemathesis.openapi.from_dict(dict(API.get_openapi_schema()))
SCHEMA.app = get_wsgi_application()
OPERATIONS: list[APIOperation[Any, Any, Any, Any]] = [
    found.ok() for found in SCHEMA.get_all_operations() if isinstance(found, Ok)
]
AS_DESCRIBED = [
    not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance
]  # fmt: skip


@pytest.fixture(autouse=True)
def store_for_logs(store: StoreProcess, settings: Settings) -> Iterator[None]:
    settings.TELEMETRY_URL = store.telemetry_url
    present.telemetry.cache_clear()
    yield
    present.telemetry.cache_clear()


@pytest.fixture
def headers(program: Programs, in_force: Fixed, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A token that may do everything as often as it likes, and something to find."""
    monkeypatch.setattr(access, "_counter", RequestCounter(Pace(1_000_000)))
    fired(firing.put_in_force(in_force), at=system_clock())
    filled()
    return program(OperatorRole.MANAGER, *EVERYTHING).headers | {"Accept-Encoding": "identity"}


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda each: each.label)
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda each: each.value)
def test_no_request_breaks_the_api(
    mode: GenerationMode, operation: APIOperation[Any, Any, Any, Any], headers: dict[str, str]
) -> None:
    checks = AS_DESCRIBED if mode is GenerationMode.POSITIVE else [*AS_DESCRIBED, negative_data_rejection]
    seen: set[int] = set()

    @settings(parent=settings(), deadline=None, suppress_health_check=list(HealthCheck))
    @given(case=operation.as_strategy(generation_mode=mode))
    def fuzz(case: Case[Any]) -> None:
        answer = case.call(headers=_with_token(case, headers))
        seen.add(answer.status_code)
        case.validate_response(answer, checks=checks)

    fuzz()
    assert seen.isdisjoint({HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS})
    # Wrong requests come with wrong tokens, too.
    assert mode is GenerationMode.NEGATIVE or HTTPStatus.UNAUTHORIZED not in seen


def _with_token(case: Case[Any], headers: dict[str, str]) -> dict[str, str]:
    """Return *headers*; without the token if a wrong one is all that is wrong: it would mend the request."""
    mutations = getattr(case.meta.phase.data, "mutations", ()) if case.meta is not None else ()
    if {each.parameter for each in mutations} != {"Authorization"}:
        return headers
    return {name: value for name, value in headers.items() if name != "Authorization"}
