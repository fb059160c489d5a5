"""Orders given by the API: carried out once for each idempotency key, and audited with the token."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from django.http import HttpRequest

from toban.engine.approvals.answers import Giver
from toban.engine.approvals.models import ApprovalAnswer
from toban.engine.clock import system_clock
from toban.engine.people.audit import record
from toban.engine.tokens import once
from toban.faces.api.access import token_of


def ordered(
    request: HttpRequest, key: str | None, order: Callable[[str, datetime], Mapping[str, Any]]
) -> Mapping[str, Any]:
    """Give *order* in the name of the token's account, and return its answer, or that of the first time."""
    token, now = token_of(request), system_clock()
    by = token.operator.get_username()

    def act() -> Mapping[str, Any]:
        answer = order(by, now)
        record("api-order", by, request, token=token.name, did=f"{request.method} {request.path}")
        return answer

    keyed = once.KeyedRequest(token, key or "", request.method or "", request.get_full_path(), request.body)
    return once.carried_out(keyed, act, now)


def giver_of(request: HttpRequest) -> Giver:
    """Return in whose name *request* orders or answers, and who may be behind it."""
    token = token_of(request)
    return Giver(token.operator, ApprovalAnswer.Via.API, token_maker=token.shell_user)
