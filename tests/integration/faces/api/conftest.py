"""A document in force, tokens of its operators, and programs that use them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from tests.integration.faces.web.conftest import (
    Operators,
    in_force,
    no_codes_so_far,
    operator,
    own_language,
)
from tests.registered import PARTS

from toban.engine.clock import system_clock
from toban.engine.people.models import Operator, OperatorRole
from toban.engine.tokens import service
from toban.engine.tokens.models import ApiToken
from toban.engine.tokens.rules import WantedToken
from toban.faces.api import access

__all__ = ["in_force", "no_codes_so_far", "operator", "own_language"]

EVERYTHING = tuple(PARTS.scopes)
READING = tuple(scope for scope in EVERYTHING if scope.startswith("read:"))


@dataclass
class Program:
    """A program with a token."""

    token: str
    client: Client

    def get(self, path: str, status: int = 200, **query: str | int) -> Any:
        """Read; return the answer's JSON."""
        answer = self.client.get(f"/rest/v1{path}", query, headers=self.headers)
        assert answer.status_code == status, answer.content.decode()
        return answer.json()

    def post(self, path: str, body: object = None, status: int = 200, key: str = "") -> Any:
        """Give an order; return the answer's JSON."""
        own = {**self.headers, **({"Idempotency-Key": key} if key else {})}
        data = {} if body is None else body
        answer = self.client.post(f"/rest/v1{path}", data, content_type="application/json", headers=own)
        assert answer.status_code == status, answer.content.decode()
        return answer.json()

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}


def made_in_a_shell(by: str, name: str = "nami") -> Program:
    """Return a program in the name of *name*, with a token that a command made in the shell of *by*."""
    now = system_clock()
    wanted = WantedToken(f"made {ApiToken.objects.count()}", EVERYTHING, now + timedelta(days=30))
    person = Operator.objects.get(username=name)
    return Program(service.make(person, wanted, EVERYTHING, by=by, now=now, shell_user=by), Client())


type Programs = Callable[..., Program]


@pytest.fixture
def program(operator: Operators) -> Programs:
    """Return a program in the name of a new operator with a role, with scopes."""

    def made(
        role: OperatorRole = OperatorRole.MANAGER, *scopes: str, name: str = "nami", days: float = 30
    ) -> Program:
        now = system_clock()
        wanted = WantedToken("ci", scopes or READING, now + timedelta(days=days))
        person = operator(name, role)
        return Program(service.make(person, wanted, EVERYTHING, by=name, now=now), Client())

    return made


@pytest.fixture(autouse=True)
def no_requests_so_far() -> None:
    """Begin each test with no requests counted."""
    access._counter._free_at.clear()
