"""Patches as a Django app."""

from django.apps import AppConfig


class PatchingConfig(AppConfig):
    """How far runs of patches are on each host."""

    name = "toban.chapters.patching"
    label = "patching"
