"""Service levels, and what the public may see."""

from django.urls import path

from toban.faces.web.objectives import levels, status

urlpatterns = [
    path("levels/", levels.levels, name="levels"),
    path("status/", status.page, name="status"),
    path("status/en/", status.page, {"language": "en"}, name="status-en"),
    path("status/status.json", status.machine, name="status-json"),
]
