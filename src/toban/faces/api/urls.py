"""The addresses of the API. Whatever is asked below its path, the answer is JSON."""

from django.urls import URLPattern, path, re_path

from toban.faces.api import problems
from toban.faces.api.app import made

app_name = "api"
"""Names of pages stay theirs: `alerts` is the page of alerts, `api:alerts` the API's."""

API = made()
_routes = [each for each in API.urls[0] if isinstance(each, URLPattern) and each.name != "api-root"]
for _route in _routes:
    _route.callback = problems.told(_route.callback)

urlpatterns = [*_routes, path("", problems.unknown), re_path(r"", problems.unknown)]
