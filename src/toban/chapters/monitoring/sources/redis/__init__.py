"""Redis over a real connection: clients, memory, how far replicas are behind."""

from toban.chapters.monitoring.sources.redis.source import KIND

__all__ = ["KIND"]
