"""Vulnerabilities as a Django app."""

from django.apps import AppConfig


class VulnerabilitiesConfig(AppConfig):
    """What is installed where, what is known against it, and what the scans found."""

    name = "toban.chapters.vulnerabilities"
    label = "vulnerabilities"
