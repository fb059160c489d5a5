"""A log group of CloudWatch Logs."""

from toban.chapters.logs.sources.cloudwatch.source import KIND

__all__ = ["KIND"]
