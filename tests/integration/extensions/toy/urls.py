"""The toy's page."""

from django.http import HttpRequest, HttpResponse
from django.urls import path


def usage(request: HttpRequest) -> HttpResponse:
    """Answer with a word."""
    del request
    return HttpResponse("usage")


urlpatterns = [path("usage/", usage, name="usage")]
