"""What CloudWatch has of EC2 instances, RDS, application load balancers, and any metric of one's own."""

from toban.chapters.monitoring.sources.cloudwatch.source import KIND

__all__ = ["KIND"]
