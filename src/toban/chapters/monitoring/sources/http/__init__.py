"""A service seen from outside: does it answer, how fast, how often not."""

from toban.chapters.monitoring.sources.http.source import KIND

__all__ = ["KIND"]
