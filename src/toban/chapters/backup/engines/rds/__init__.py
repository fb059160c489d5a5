"""Amazon RDS: its own snapshots by the document's schedule, and its own point in time."""

from toban.chapters.backup.engines.rds.engine import KIND

__all__ = ["KIND"]
