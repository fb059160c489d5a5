"""Targets from files in Prometheus' format."""

from toban.chapters.monitoring.discoveries.file_sd.discovery import KIND

__all__ = ["KIND"]
