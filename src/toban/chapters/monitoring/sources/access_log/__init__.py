"""Error rate and response time of a service, from the access logs that it sends here."""

from toban.chapters.monitoring.sources.access_log.source import KIND

__all__ = ["KIND"]
