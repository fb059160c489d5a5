"""The machine that Toban itself runs on, without any exporter."""

from toban.chapters.monitoring.sources.host.source import KIND

__all__ = ["KIND"]
