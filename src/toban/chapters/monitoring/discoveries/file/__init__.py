"""A list of hosts in a file, one per line."""

from toban.chapters.monitoring.discoveries.file.discovery import KIND

__all__ = ["KIND"]
