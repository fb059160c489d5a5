"""Logs and traces."""

from django.urls import path

from toban.faces.web.logs import access, download, logs, row, saved, trace, traces

urlpatterns = [
    path("logs/", logs.logs, name="logs"),
    path("logs/histogram", logs.histogram, name="logs-histogram"),
    path("logs/facets", logs.facets, name="logs-facets"),
    path("logs/routes", access.routes, name="logs-routes"),
    path("logs/download", download.download, name="logs-download"),
    path("logs/saved", saved.keep, name="logs-saved"),
    path("logs/<str:place>", row.log_row, name="log-row"),
    path("traces/", traces.routes, name="traces"),
    path("traces/search", traces.search, name="traces-search"),
    path("traces/<str:trace_id>", trace.trace, name="trace"),
    path("traces/<str:trace_id>/<str:span_id>", trace.span, name="span"),
]
