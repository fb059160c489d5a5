"""The API: what every extension brings to it, and its description (OpenAPI 3.1)."""

from collections.abc import Mapping
from importlib import import_module
from typing import Any, override

import orjson
from django.conf import settings
from django.http import HttpRequest
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema
from ninja.operation import Operation
from ninja.parser import Parser
from ninja.renderers import BaseRenderer

from toban.faces.api import problems
from toban.faces.api.access import Bearer
from toban.faces.api.problems import SaidProblem
from toban.faces.api.router import ScopedRouter
from toban.faces.problem import MEDIA_TYPE

_PROBLEM = {
    "description": "Problem details (RFC 9457)",
    "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
}


class StrictParser(Parser):
    """Reads JSON of a bounded depth."""

    @override
    def parse_body(self, request: HttpRequest) -> Any:
        """Return the body; a flaw in it is the caller's problem."""
        return orjson.loads(request.body)


class JsonRenderer(BaseRenderer):
    """Writes JSON."""

    media_type = "application/json"

    @override
    def render(self, request: HttpRequest, data: Any, *, response_status: int) -> Any:
        """Return *data* as JSON."""
        return orjson.dumps(data, option=orjson.OPT_NON_STR_KEYS)


class ApiDescription(OpenAPISchema):
    """The description of the API, with each route's scope, and problem details for all that goes wrong."""

    _enums: Mapping[str, Any]
    """The enumerations of the model that was looked at last, by the name of their definition."""

    @override
    def operation_security(self, operation: Operation) -> list[dict[str, Any]] | None:
        """Name the scope."""
        super().operation_security(operation)
        scopes = [auth.scope for auth in operation.auth_callbacks if isinstance(auth, Bearer)]
        return [{Bearer.__name__: [scope] if scope else []} for scope in scopes]

    @override
    def responses(self, operation: Operation) -> dict[Any, Any]:
        """Add what is answered otherwise."""
        return {**super().responses(operation), "default": _PROBLEM}

    @override
    def add_schema_definitions(self, definitions: dict[str, Any]) -> None:
        """Add *definitions*; raise `TypeError` if one is called like another, which it would replace.

        Enumerations stand where they are used: many are called State.
        """
        self._enums = {name: each for name, each in definitions.items() if "enum" in each}
        for name in definitions.keys() - self._enums.keys():
            added = _with_enums(definitions[name], self._enums)
            if self.schemas.setdefault(name, added) != added:
                raise TypeError(f"two schemas of the API are called {name}")

    @override
    def _extract_parameters(self, model: Any) -> list[dict[str, Any]]:
        self._enums = {}
        return [_with_enums(each, self._enums) for each in super()._extract_parameters(model)]

    @override
    def get_components(self) -> dict[str, Any]:
        """Add the problem."""
        self.schemas["Problem"] = SaidProblem.model_json_schema()
        return super().get_components()


def _with_enums(schema: Any, enums: Mapping[str, Any]) -> Any:
    """Return *schema* with the enumerations themselves where it refers to them."""
    match schema:
        case {"$ref": str(ref), **more} if (found := enums.get(ref.rpartition("/")[2])) is not None:
            return {**found, **more}
        case dict():
            return {name: _with_enums(each, enums) for name, each in schema.items()}
        case list():
            return [_with_enums(each, enums) for each in schema]
        case _:
            return schema


class TobanApi(NinjaAPI):
    """The API of this Toban."""

    @override
    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Return the description."""
        return ApiDescription(self, path_prefix or settings.API_PATH.strip("/") + "/")


def made() -> TobanApi:
    """Put the API together from what the extensions bring."""
    api = TobanApi(
        title="Toban",
        version="1",
        openapi_url=None,
        docs_url=None,
        urls_namespace="api",
        parser=StrictParser(),
        renderer=JsonRenderer(),
    )
    problems.listen(api)
    own = ScopedRouter()

    @own.get("/openapi.json", auth=Bearer(), include_in_schema=False)
    def description(request: HttpRequest) -> Any:
        """Return the description of the API."""
        del request
        return dict(api.get_openapi_schema())

    api.add_router("", own)
    for extension in settings.PARTS.extensions:
        if extension.api:
            api.add_router("", import_module(extension.api).router)
    return api
