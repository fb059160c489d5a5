"""Everything that can go wrong with a request, as problem details."""

from collections.abc import Callable, Mapping
from functools import wraps
from http import HTTPStatus
from traceback import format_exception
from typing import Any, ClassVar

import orjson
import structlog
from django.db import Error
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from ninja import NinjaAPI, Schema
from ninja.errors import HttpError, ValidationError
from pydantic import Field

from toban.engine.orders import NotPossible
from toban.engine.search_parts import BadSearch
from toban.engine.state.reach import AGAIN
from toban.engine.telemetry.store import StoreRefused, StoreUnavailable
from toban.engine.tokens.once import AccessLost, KeyReused
from toban.faces.problem import MEDIA_TYPE, problem
from toban.message import NOTHING, Message, message_of

log = structlog.get_logger(__name__)

_CODES: Mapping[int, str] = {
    HTTPStatus.BAD_REQUEST: "bad-request",
    HTTPStatus.UNAUTHORIZED: "unauthorized",
    HTTPStatus.NOT_FOUND: "not-found",
    HTTPStatus.METHOD_NOT_ALLOWED: "method-not-allowed",
}


class Problem(Exception):
    """A request that can't be answered; *code* is a permanent name, and a sentence of the catalogue."""

    def __init__(
        self,
        code: str,
        status: HTTPStatus,
        detail: Message = NOTHING,
        *,
        headers: Mapping[str, str] | None = None,
        **more: Any,
    ) -> None:
        super().__init__(code)
        self.code, self.status, self.detail = code, status, detail
        self.headers, self.more = headers or {}, more

    @property
    def answer(self) -> HttpResponse:
        """The answer to the request."""
        told = problem(self.code, self.status, self.detail, **self.more)
        return _answer(told, self.headers)


class SaidProblem(Schema):
    """Problem details (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""
    hint: str = ""
    message: dict[str, Any] = Field({})
    errors: list[dict[str, Any]] = Field([])
    model_config: ClassVar = {"title": "Problem"}


def listen(api: NinjaAPI) -> None:
    """Have *api* answer with problem details, whatever goes wrong."""
    handlers: Mapping[type[Exception], Callable[[HttpRequest, Any], HttpResponse]] = {
        Problem: lambda _request, wrong: wrong.answer,
        NotPossible: _not_possible,
        ValidationError: _invalid,
        HttpError: _foreign,
        Http404: lambda _request, _wrong: _plain(HTTPStatus.NOT_FOUND),
        BadSearch: _bad_search,
        StoreUnavailable: _away,
        StoreRefused: _away,
        Error: _away,
        KeyReused: lambda _request, _wrong: Problem("key-reused", HTTPStatus.UNPROCESSABLE_ENTITY).answer,
        AccessLost: lambda _request, _wrong: _plain(HTTPStatus.UNAUTHORIZED),
        Exception: _failed,
    }
    for wrong, handler in handlers.items():
        api.add_exception_handler(wrong, handler)


def unknown(request: HttpRequest) -> HttpResponse:
    """Answer for an address that the API has not."""
    del request
    return _plain(HTTPStatus.NOT_FOUND)


unknown.csrf_exempt = True  # type: ignore[attr-defined] # no cookie counts here


def told(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Return *view* with problem details for a method that it has not."""

    @wraps(view)
    def answering(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponseBase:
        answer = view(request, *args, **kwargs)
        if answer.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            return _plain(HTTPStatus.METHOD_NOT_ALLOWED, {"Allow": answer.headers["Allow"]})
        return answer

    return answering


def _answer(told: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> HttpResponse:
    return HttpResponse(orjson.dumps(told), MEDIA_TYPE, told["status"], headers={**(headers or {})})


def _plain(status: HTTPStatus, headers: Mapping[str, str] | None = None) -> HttpResponse:
    challenge = {"WWW-Authenticate": 'Bearer realm="toban"'} if status == HTTPStatus.UNAUTHORIZED else {}
    return _answer(problem(_CODES[status], status), {**challenge, **(headers or {})})


def _not_possible(_request: HttpRequest, wrong: NotPossible) -> HttpResponse:
    return _answer(problem("not-possible", HTTPStatus.CONFLICT, wrong.said, wrong.hint))


def _invalid(_request: HttpRequest, wrong: ValidationError) -> HttpResponse:
    # What was sent is not sent back: it may be a secret in the wrong place.
    errors = [
        {"at": "/".join(map(str, each["loc"])), "code": each["type"], "text": each["msg"]}
        for each in wrong.errors
    ]
    return _answer(problem("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, errors=errors))


def _foreign(_request: HttpRequest, wrong: HttpError) -> HttpResponse:
    status = HTTPStatus(wrong.status_code)
    return _plain(status if status in _CODES else HTTPStatus.BAD_REQUEST)


def _bad_search(_request: HttpRequest, wrong: BadSearch) -> HttpResponse:
    return _answer(problem("bad-search", HTTPStatus.UNPROCESSABLE_ENTITY, wrong.said))


def _away(_request: HttpRequest, wrong: Exception) -> HttpResponse:
    # The reason names hosts and accounts: it belongs in the log, not in the answer.
    log.warning("api_store_away", reason=str(message_of(wrong)))
    told = problem("store-away", HTTPStatus.SERVICE_UNAVAILABLE)
    return _answer(told, {"Retry-After": str(AGAIN)})


def _failed(request: HttpRequest, wrong: Exception) -> HttpResponse:
    # Without the values of variables, of which one is the token.
    log.error("api_failed", path=request.path, traceback="".join(format_exception(wrong)))
    return _answer(problem("failed", HTTPStatus.INTERNAL_SERVER_ERROR))
