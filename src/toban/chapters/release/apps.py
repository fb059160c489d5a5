"""Chapter 5 as a Django app."""

from django.apps import AppConfig


class ReleaseConfig(AppConfig):
    """Artefacts, releases, and what a source has told."""

    name = "toban.chapters.release"
    label = "release"
