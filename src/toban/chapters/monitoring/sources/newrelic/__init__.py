"""What New Relic has collected: its hosts, and any custom NRQL."""

from toban.chapters.monitoring.sources.newrelic.source import KIND

__all__ = ["KIND"]
