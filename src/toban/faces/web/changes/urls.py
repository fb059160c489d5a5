"""What changed."""

from django.urls import path

from toban.faces.web.changes import changes, flagged

urlpatterns = [
    path("changes/", changes.changes, name="changes"),
    path("changes/flagged/", flagged.flagged, name="flagged-changes"),
]
