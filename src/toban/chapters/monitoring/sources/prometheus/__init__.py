"""Hosts and services by their Prometheus exposition: node_exporter, postgres_exporter, HTTP counters."""

from toban.chapters.monitoring.sources.prometheus.source import KIND

__all__ = ["KIND"]
