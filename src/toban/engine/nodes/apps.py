"""Nodes as a Django app."""

from django.apps import AppConfig


class NodesConfig(AppConfig):
    """The processes that share this state database."""

    name = "toban.engine.nodes"
    label = "nodes"
