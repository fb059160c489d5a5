"""What Toban does by itself."""

from django.urls import path

from toban.faces.web.modes import modes

urlpatterns = [path("modes/", modes.modes, name="modes")]
