"""Tasks as a Django app."""

from django.apps import AppConfig


class TasksConfig(AppConfig):
    """Sign-offs of tasks, and to whom they were handed on. The tasks themselves are runs."""

    name = "toban.engine.tasks"
    label = "tasks"
