"""The toy's part of the API."""

from django.http import HttpRequest

from toban.faces.api.router import ScopedRouter

router = ScopedRouter()


@router.read("/usage", "read:usage", dict[str, int])
def usage(request: HttpRequest) -> dict[str, int]:
    """Return what is used."""
    del request
    return {"disk": 42}
