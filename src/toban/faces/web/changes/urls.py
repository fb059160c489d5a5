"""What changed."""

from django.urls import path

from toban.faces.web.changes import changes

urlpatterns = [path("changes/", changes.changes, name="changes")]
