"""What Datadog has collected: its hosts, and any query of one's own."""

from toban.chapters.monitoring.sources.datadog.source import KIND

__all__ = ["KIND"]
