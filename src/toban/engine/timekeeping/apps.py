"""Timekeeping as a Django app."""

from django.apps import AppConfig


class TimekeepingConfig(AppConfig):
    """Machines whose clock is wrong."""

    name = "toban.engine.timekeeping"
    label = "timekeeping"
