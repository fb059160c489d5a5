"""Tasks."""

from django.urls import path

from toban.faces.web.tasks import extras, swaps, tasks

urlpatterns = [
    path("tasks/", tasks.tasks, name="tasks"),
    path("tasks/order/", extras.order, name="task-order"),
    path("tasks/swaps/", swaps.swaps, name="task-swaps"),
]
