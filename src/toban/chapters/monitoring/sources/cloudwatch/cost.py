"""What CloudWatch charges for being asked. Pure."""

from datetime import timedelta

from toban.chapters.monitoring.sources.cloudwatch.config import CloudWatchConfig
from toban.chapters.monitoring.sources.cloudwatch.values import Database, questions

_A_MONTH = timedelta(days=30)
_DOLLARS_A_METRIC = 0.01 / 1000
"""List price in most regions, outside the free tier: https://aws.amazon.com/cloudwatch/pricing/"""
_MINUTE = timedelta(minutes=1)
_ANY_DATABASE = Database("available", allocated_gib=1, is_replica=False)


def dollars_a_month(metrics: int, every: timedelta) -> float:
    """Return what asking for *metrics* once per *every* costs in 30 days, in US dollars."""
    return metrics * (_A_MONTH / every) * _DOLLARS_A_METRIC


def cost(config: CloudWatchConfig) -> str:
    """Say what a source of *config* costs a month; one for a replica asks for its lag, too."""
    metrics = len(questions(config, _ANY_DATABASE))
    dollars = dollars_a_month(metrics, config.every)
    return (
        f"CloudWatch に {metrics} つの値を {config.every / _MINUTE:g}分毎に尋ねます:"
        f" AWS の料金は月におよそ {dollars:.2f} USD"
    )
