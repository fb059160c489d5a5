"""The web page as a Django app."""

from django.apps import AppConfig


class WebConfig(AppConfig):
    """The living document."""

    name = "toban.faces.web"
    label = "web"
