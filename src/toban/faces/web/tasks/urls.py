"""Tasks."""

from django.urls import path

from toban.faces.web.tasks import swaps, tasks

urlpatterns = [
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/swaps/", swaps.swaps, name="task-swaps"),
]
