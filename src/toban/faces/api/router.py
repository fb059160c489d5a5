"""How a part of the API is written: an extension's module of that name holds a `router`."""

from collections.abc import Callable, Collection, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.http import HttpRequest
from ninja import Router
from ninja.operation import Operation

from toban.faces.api.access import Bearer
from toban.faces.api.problems import Problem

type ApiView = Callable[..., Any]


class ScopedRouter(Router):
    """Routes that each name the scope a token needs; a parameter that a route has not is refused."""

    def read[View: ApiView](self, path: str, scope: str, response: Any) -> Callable[[View], View]:
        """Add a route that reads."""
        return self._route("GET", path, scope, {200: response})

    def act[View: ApiView](
        self, path: str, scope: str, response: Any, *, status: int = 200
    ) -> Callable[[View], View]:
        """Add a route that gives an order."""
        return self._route("POST", path, scope, {status: response})

    def file[View: ApiView](
        self, path: str, scope: str, media_types: Sequence[str]
    ) -> Callable[[View], View]:
        """Add a route that returns a file of one of *media_types*, as an `HttpResponse`."""
        content = {each: {"schema": {"type": "string", "format": "binary"}} for each in media_types}
        return self._route("GET", path, scope, {200: None}, {"responses": {200: {"content": content}}})

    def _route[View: ApiView](
        self, method: str, path: str, scope: str, response: Any, described: dict[str, Any] | None = None
    ) -> Callable[[View], View]:
        def add(view: View) -> View:
            known: set[str] = set()

            @wraps(view)
            def strict(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
                _refuse_unknown(request, known)
                return view(request, *args, **kwargs)

            subject = [scope.partition(":")[2]]
            operation = self.api_operation(
                [method], path, auth=Bearer(scope), response=response, tags=subject, openapi_extra=described
            )
            operation(strict)
            known |= _parameters(self.path_operations[path].operations[-1])
            return view

        return add


def _parameters(operation: Operation) -> set[str]:
    """Return the names of the route's parameters in the query."""
    asked = [model for model in operation.models if model.__ninja_param_source__ == "query"]
    return {name for model in asked for name in model.__ninja_flatten_map__}


def _refuse_unknown(request: HttpRequest, known: Collection[str]) -> None:
    """Raise `Problem` for an unknown parameter: a misspelt filter would let everything through.

    So would one of two filters of the same name: only the last is looked at.
    """
    wrong = {name: "extra_forbidden" for name in request.GET if name not in known}
    wrong |= {name: "repeated" for name, values in request.GET.lists() if len(values) > 1 and name in known}
    if wrong:
        errors = [{"at": f"query/{name}", "code": code, "text": ""} for name, code in sorted(wrong.items())]
        raise Problem("invalid", HTTPStatus.UNPROCESSABLE_ENTITY, errors=errors)
