"""Pages while the state database is away: one that says so, made without it."""

import sys
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.views.defaults import server_error

from toban.engine.state.reach import AGAIN, STATE


def away(request: HttpRequest) -> HttpResponse:
    """Return the page that says that the state database is away."""
    again = request.get_full_path() if request.method in ("GET", "HEAD") else ""
    # Without the request: what it would bring to the page (who is signed in) is in that database.
    page = render_to_string("503.html", {"again": again})
    headers = {"Retry-After": str(AGAIN), "Cache-Control": "no-store"}
    return HttpResponse(page, status=HTTPStatus.SERVICE_UNAVAILABLE, headers=headers)


def failed(request: HttpRequest) -> HttpResponse:
    """Answer a request that an exception has ended."""
    error = sys.exception()
    if error is not None and STATE.explains(error):
        return away(request)
    return server_error(request)
