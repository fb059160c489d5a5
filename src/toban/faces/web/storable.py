"""What browsers send, made storable before any page sees it: PostgreSQL refuses a NUL, in filters as well."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse, QueryDict

from toban.text import storable_text

_NUL = "\0"


class StorableRequests:
    """Replaces NUL in the query and in forms, as everywhere else; no page has it in its path."""

    async_capable = False

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Let the request through; the API refuses what can't be stored by itself."""
        if request.path_info.startswith(settings.API_PATH):
            return self._get_response(request)
        if _NUL in request.path_info:
            return HttpResponse("There is no such page.\n", status=404, content_type="text/plain")
        # Both are what Django's own code reads from then on.
        request.GET = _storable(request.GET)  # type: ignore[assignment]
        if request.method == "POST":
            request.POST = _storable(request.POST)  # type: ignore[assignment]
        return self._get_response(request)


def _storable(sent: QueryDict) -> QueryDict:
    """Return *sent*; where it holds a NUL, a copy with another sign in its place."""
    if not any(_NUL in each for name, values in sent.lists() for each in (name, *values)):
        return sent
    clean = sent.copy()
    clean.clear()
    for name, values in sent.lists():
        clean.setlist(storable_text(name), [storable_text(each) for each in values])
    return clean
