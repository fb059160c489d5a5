"""EC2 instances by their tags."""

from toban.chapters.monitoring.discoveries.ec2.discovery import KIND

__all__ = ["KIND"]
