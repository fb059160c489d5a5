"""What a monitor watches, in one word for each thing: CPU使用率, メモリ, レスポンスタイム, error rate."""

from enum import StrEnum


class Metric(StrEnum):
    """A measurable thing; the value is its name in the telemetry store, with the unit in it."""

    AVAILABILITY = "availability_percent"
    CPU_USAGE = "cpu_usage_percent"
    MEMORY_USAGE = "memory_usage_percent"
    DISK_USAGE = "disk_usage_percent"
    CONNECTIONS = "connections"
    RESPONSE_TIME = "response_time_ms"
    ERROR_RATE = "error_rate_percent"
    UP = "up"
    CERTIFICATE_LIFETIME = "certificate_lifetime_days"
    REPLICATION_LAG = "replication_lag_seconds"
    QUEUE_LENGTH = "queue_length"
