"""Tasks."""

from django.urls import path

from toban.faces.web.tasks import tasks

urlpatterns = [path("tasks/", tasks.tasks, name="tasks")]
