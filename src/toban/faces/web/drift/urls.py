"""Reality beside the document."""

from django.urls import path

from toban.faces.web.drift import drift

urlpatterns = [path("drift/", drift.drift, name="drift")]
