"""Parts of pages that are fetched again as time passes, from the same address as the whole page."""

import hashlib
from collections.abc import Callable, Mapping

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

_KNOWN = "as-far-as-known"
"""A placeholder in a part for its own digest, which is known only once the part is rendered."""


def is_fragment(request: HttpRequest) -> bool:
    """Whether the page's script asks for the part that it puts into a page."""
    return request.headers.get("HX-Request") == "true"


def answer(
    request: HttpRequest,
    page: str,
    part: str,
    context: Mapping[str, object],
    around: Callable[[], Mapping[str, object]],
    status: int = 200,
) -> HttpResponse:
    """Answer with the *part* alone to the page's script, else with the whole *page* and what is *around*.

    The part says to ask again with `?known=` and its digest: nothing is sent while nothing has changed, so
    that a reader's place, focus and selection stay. It must not contain a form: each form has a token of its
    own.
    """
    text = render_to_string(part, {**context, "known": _KNOWN}, request)
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    if is_fragment(request) and request.GET.get("known") == digest:
        return HttpResponse(status=204)
    shown = text.replace(_KNOWN, digest)
    if is_fragment(request):
        return HttpResponse(shown)
    return render(request, page, {**around(), **context, "part": _safe(shown)}, status=status)


def _safe(rendered: str) -> SafeString:
    return mark_safe(rendered)  # noqa: S308 - a template has escaped it
