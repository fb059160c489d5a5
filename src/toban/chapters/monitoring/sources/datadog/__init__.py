"""What Datadog has collected: its hosts, and any custom query."""

from toban.chapters.monitoring.sources.datadog.source import KIND

__all__ = ["KIND"]
