"""Notifications as a Django app."""

from django.apps import AppConfig


class NotifyConfig(AppConfig):
    """Alerts, notifications and the outbox."""

    name = "toban.engine.notify"
    label = "notify"
