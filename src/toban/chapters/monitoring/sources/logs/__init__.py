"""How many rows of log a row of the document has found within its window."""

from toban.chapters.monitoring.sources.logs.source import KIND

__all__ = ["KIND"]
