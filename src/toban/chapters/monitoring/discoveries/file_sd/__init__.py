"""Targets as Prometheus takes them from files."""

from toban.chapters.monitoring.discoveries.file_sd.discovery import KIND

__all__ = ["KIND"]
