"""A service seen from outside: whether it answers, how fast, and how often it fails."""

from toban.chapters.monitoring.sources.http.source import KIND

__all__ = ["KIND"]
