"""Hosts and services by their Prometheus exposition: node_exporter's names, and HTTP counters."""

from toban.chapters.monitoring.sources.prometheus.source import KIND

__all__ = ["KIND"]
