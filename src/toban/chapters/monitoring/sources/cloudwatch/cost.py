"""What CloudWatch charges for queries. Pure."""

from datetime import timedelta

from toban.chapters.monitoring.sources.cloudwatch.config import CloudWatchConfig
from toban.chapters.monitoring.sources.cloudwatch.values import Database, questions
from toban.engine.amounts import length
from toban.message import Message

_A_MONTH = timedelta(days=30)
_DOLLARS_A_METRIC = 0.01 / 1000
"""List price in most regions, outside the free tier: https://aws.amazon.com/cloudwatch/pricing/"""
_ANY_DATABASE = Database("available", allocated_gib=1, is_replica=False)


def dollars_a_month(metrics: int, every: timedelta) -> float:
    """Return the cost in US dollars of querying *metrics* once per *every* for 30 days."""
    return metrics * (_A_MONTH / every) * _DOLLARS_A_METRIC


def cost(config: CloudWatchConfig) -> Message:
    """Return the monthly cost of a source of *config*; one for a replica also asks for its lag."""
    metrics = len(questions(config, _ANY_DATABASE))
    dollars = dollars_a_month(metrics, config.every)
    return Message("monitoring.cloudwatch-cost", count=metrics, every=length(config.every), dollars=dollars)
