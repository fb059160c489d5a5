"""One run."""

from django.urls import path

from toban.faces.web.runs import run

urlpatterns = [
    path("runs/<int:pk>", run.run, name="run"),
    path("runs/<int:pk>/log", run.log, name="run-log"),
]
