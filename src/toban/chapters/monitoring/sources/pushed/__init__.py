"""Values pushed to Toban: Prometheus' remote write, OpenTelemetry, Toban's own agent."""

from toban.chapters.monitoring.sources.pushed.source import KIND

__all__ = ["KIND"]
