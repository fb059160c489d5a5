"""Who may use the API: the holder of a token, within its scopes and the role of its account."""

import threading
import time
from collections.abc import Callable, MutableMapping
from http import HTTPStatus
from math import ceil
from typing import override

from django.conf import settings
from django.http import HttpRequest
from ninja.security import HttpBearer

from toban.engine.clock import system_clock
from toban.engine.people import attempts
from toban.engine.people.access import may_order
from toban.engine.people.models import OperatorRole
from toban.engine.tokens.models import ApiToken
from toban.engine.tokens.rules import ACT, Pace
from toban.engine.tokens.service import holder_of, why_no_access
from toban.faces.api.problems import Problem
from toban.message import NOTHING, Message


class RequestCounter:
    """Requests by token, in this process. Any thread may use it."""

    def __init__(self, pace: Pace, clock: Callable[[], float] = time.monotonic) -> None:
        self._pace, self._clock = pace, clock
        self._free_at: MutableMapping[int, float] = {}
        self._lock = threading.Lock()

    def wait(self, token_id: int) -> float:
        """Count a request; or return for how many seconds it has to wait, and count nothing."""
        with self._lock:
            now, free_at = self._clock(), self._free_at.get(token_id, 0.0)
            wait = self._pace.wait(free_at, now)
            if not wait:
                self._free_at[token_id] = self._pace.one_more(free_at, now)
            return wait


_counter = RequestCounter(Pace(settings.API_PER_MINUTE))


class Bearer(HttpBearer):
    """Lets in a token with *scope*; without one, any token."""

    def __init__(self, scope: str = "") -> None:
        super().__init__()
        self.scope = scope

    @override
    def authenticate(self, request: HttpRequest, token: str) -> ApiToken:
        """Return the token in the header, or raise `Problem`."""
        found = _held(request, token)
        wait = _counter.wait(found.pk)
        if wait:
            raise _too_many("too-many-requests", wait)
        if self.scope and self.scope not in found.scopes:
            wanted = f'Bearer realm="toban", error="insufficient_scope", scope="{self.scope}"'
            raise Problem(
                "scope-missing",
                HTTPStatus.FORBIDDEN,
                Message("api.scope-is-wanted", scope=self.scope),
                headers={"WWW-Authenticate": wanted},
            )
        if self.scope.startswith(ACT) and not may_order(found.operator):
            raise Problem("role-missing", HTTPStatus.FORBIDDEN)
        return found


def _held(request: HttpRequest, token: str) -> ApiToken:
    now = system_clock()
    # First of all: strangers behind the same address can't keep the holder of a right token out.
    found = holder_of(token, now)
    if found is not None:
        if (why := why_no_access(found.operator)) is not None:
            raise _unauthorized(why)
        return found
    wait = attempts.at_token(request, now)
    if wait:
        raise _too_many("too-many-tokens", wait.total_seconds())
    attempts.wrong_token(request, now)
    raise _unauthorized()


def _unauthorized(detail: Message = NOTHING) -> Problem:
    challenge = 'Bearer realm="toban", error="invalid_token"'
    return Problem("unauthorized", HTTPStatus.UNAUTHORIZED, detail, headers={"WWW-Authenticate": challenge})


def _too_many(code: str, seconds: float) -> Problem:
    return Problem(code, HTTPStatus.TOO_MANY_REQUESTS, headers={"Retry-After": str(ceil(seconds))})


def token_of(request: HttpRequest) -> ApiToken:
    """Return the token that *request* was let in with."""
    found: ApiToken = request.auth  # type: ignore[attr-defined] # ninja's own place for it
    return found


def require_manager(request: HttpRequest) -> None:
    """Raise `Problem` unless the token's account is an operations manager's."""
    if token_of(request).operator.operator_role != OperatorRole.MANAGER:
        raise Problem("role-missing", HTTPStatus.FORBIDDEN)
