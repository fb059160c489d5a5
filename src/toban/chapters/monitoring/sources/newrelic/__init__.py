"""What New Relic has collected: its hosts, and any NRQL of one's own."""

from toban.chapters.monitoring.sources.newrelic.source import KIND

__all__ = ["KIND"]
