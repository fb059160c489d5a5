"""A port seen from outside: if it accepts connections, how fast, and how long its certificate is valid."""

from toban.chapters.monitoring.sources.tcp.source import KIND

__all__ = ["KIND"]
