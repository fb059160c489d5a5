"""A port seen from outside: does it take connections, how fast, and how long is its certificate good."""

from toban.chapters.monitoring.sources.tcp.source import KIND

__all__ = ["KIND"]
