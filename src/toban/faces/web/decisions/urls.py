"""The document's decisions on one page."""

from django.urls import path

from toban.faces.web.decisions import decisions

urlpatterns = [path("decisions/", decisions.decisions, name="decisions")]
