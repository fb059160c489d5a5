"""From two expositions to the metrics of a document."""

from datetime import UTC, datetime

import pytest

from toban.chapters.monitoring.sources.prometheus.exposition import measurements, read_scrape
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def values(before: str | None, now: str) -> dict[tuple[Metric, str], float]:
    scrape = None if before is None else read_scrape(before)
    found = measurements(scrape, read_scrape(now), "web-1:9100", NOON)
    return {(each.metric, each.instance): each.value for each in found}


def cpu(idle: float, user: float, steal: float = 0.0) -> str:
    return (
        "# TYPE node_cpu_seconds_total counter\n"
        f'node_cpu_seconds_total{{cpu="0",mode="idle"}} {idle}\n'
        f'node_cpu_seconds_total{{cpu="0",mode="user"}} {user}\n'
        f'node_cpu_seconds_total{{cpu="0",mode="steal"}} {steal}\n'
    )


def requests(ok: int, failed: int, label: str = "code") -> str:
    return f'http_requests_total{{{label}="200"}} {ok}\nhttp_requests_total{{{label}="503"}} {failed}\n'


def test_cpu_usage_is_the_share_of_time_not_idle_since_the_previous_scrape() -> None:
    found = values(cpu(idle=100, user=50, steal=1), cpu(idle=106, user=53, steal=2))

    assert found == {(Metric.CPU_USAGE, "web-1:9100"): pytest.approx(40.0)}


def test_the_first_scrape_gives_no_rate() -> None:
    assert values(None, cpu(idle=100, user=50) + requests(10, 10)) == {}


def test_a_host_that_was_restarted_counts_from_zero() -> None:
    found = values(cpu(idle=10_000, user=5_000), cpu(idle=3, user=1))

    assert found[Metric.CPU_USAGE, "web-1:9100"] == pytest.approx(25.0)


def test_two_equal_scrapes_give_no_cpu_usage() -> None:
    assert values(cpu(100, 50), cpu(100, 50)) == {}


def test_memory_usage_is_the_share_that_is_not_available() -> None:
    found = values(None, "node_memory_MemTotal_bytes 8e+09\nnode_memory_MemAvailable_bytes 2e+09\n")

    assert found == {(Metric.MEMORY_USAGE, "web-1:9100"): pytest.approx(75.0)}


def test_each_disk_is_calculated_like_df_and_named() -> None:
    labels = 'device="/dev/sda1",fstype="ext4",mountpoint="/"'
    memory = 'device="tmpfs",fstype="tmpfs",mountpoint="/run"'
    found = values(
        None,
        f"node_filesystem_size_bytes{{{labels}}} 100\n"
        f"node_filesystem_free_bytes{{{labels}}} 30\n"
        f"node_filesystem_avail_bytes{{{labels}}} 20\n"
        f"node_filesystem_size_bytes{{{memory}}} 100\n"
        f"node_filesystem_avail_bytes{{{memory}}} 0\n",
    )

    assert found == {(Metric.DISK_USAGE, "web-1:9100 /"): pytest.approx(100 * 70 / 90)}


@pytest.mark.parametrize("label", ["code", "status", "status_code", "http_status"])
def test_the_error_rate_is_the_share_of_5xx_since_the_previous_scrape(label: str) -> None:
    found = values(requests(1000, 5, label), requests(1099, 6, label))

    assert found == {(Metric.ERROR_RATE, "web-1:9100"): pytest.approx(1.0)}


def test_the_first_failure_ever_counts_although_its_series_is_new() -> None:
    found = values('http_requests_total{code="200"} 9\n', requests(12, 1))

    assert found[Metric.ERROR_RATE, "web-1:9100"] == pytest.approx(25.0)


def test_a_service_without_traffic_has_no_errors_and_no_response_time() -> None:
    quiet = requests(10, 1) + "http_request_duration_seconds_sum 5\nhttp_request_duration_seconds_count 11\n"

    assert values(quiet, quiet) == {(Metric.ERROR_RATE, "web-1:9100"): 0.0}


def test_counters_without_a_status_give_no_error_rate() -> None:
    assert values('http_requests_total{method="GET"} 1\n', 'http_requests_total{method="GET"} 9\n') == {}


def test_response_time_is_the_mean_since_the_previous_scrape_in_milliseconds() -> None:
    def summary(total: float, count: int) -> str:
        return (
            "# TYPE http_request_duration_seconds summary\n"
            f'http_request_duration_seconds_sum{{path="/"}} {total}\n'
            f'http_request_duration_seconds_count{{path="/"}} {count}\n'
        )

    found = values(summary(10.0, 100), summary(10.9, 103))

    assert found == {(Metric.RESPONSE_TIME, "web-1:9100"): pytest.approx(300.0)}


def test_an_invalid_exposition_is_refused() -> None:
    with pytest.raises(ValueError, match="float"):
        read_scrape('node_cpu_seconds_total{mode="idle"} many\n')


def test_unknown_series_are_ignored() -> None:
    assert read_scrape("<html>\ngo_goroutines 8\nnode_cpu_seconds_total_more 1\n").values == {}


def test_connections_of_all_databases_are_added_up() -> None:
    found = values(
        None,
        'pg_stat_database_numbackends{datid="5",datname="shop"} 12\n'
        'pg_stat_database_numbackends{datid="6",datname="stock"} 3\n',
    )

    assert found == {(Metric.CONNECTIONS, "web-1:9100"): 15}


@pytest.mark.parametrize(
    ("now", "lag"),
    [
        ("pg_replication_is_replica 1\npg_replication_lag_seconds 42.5\n", 42.5),
        ("pg_replication_lag_seconds 0\n", 0.0),
        ("pg_replication_is_replica 0\npg_replication_lag_seconds 0\n", None),
        ("pg_replication_is_replica 1\npg_replication_lag_seconds NaN\n", None),
    ],
    ids=["standby", "older exporter", "primary", "nothing replayed yet"],
)
def test_only_a_standby_has_replication_lag(now: str, lag: float | None) -> None:
    assert values(None, now).get((Metric.REPLICATION_LAG, "web-1:9100")) == lag
