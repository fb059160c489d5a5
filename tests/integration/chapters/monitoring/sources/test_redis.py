"""Statistics of a real Redis."""

import socket
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
import redis
import trustme
from pydantic import ValidationError
from redis.backoff import NoBackoff
from redis.retry import Retry
from tests.integration.chapters.monitoring.sources.conftest import StartRedis, self_signed

from toban.chapters.monitoring.source import Measurement, Unmeasurable
from toban.chapters.monitoring.sources.redis.config import RedisConfig
from toban.chapters.monitoring.sources.redis.source import RedisSource
from toban.design.values.metric import Metric

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)


def source(port: int, **config: object) -> RedisSource:
    return RedisSource(RedisConfig.model_validate({"address": f"127.0.0.1:{port}", **config}))


def by_metric(measured: Sequence[Measurement]) -> dict[Metric, float]:
    return {each.metric: each.value for each in measured}


def shut_down(port: int) -> None:
    """Shut a server down with a client that does not reconnect, as it usually would for seconds."""
    with redis.Redis(port=port, retry=Retry(NoBackoff(), 0)) as admin:
        admin.shutdown(nosave=True)


def test_clients_are_counted_including_tobans_own(start_redis: StartRedis) -> None:
    port = start_redis()
    cache = source(port)
    alone = by_metric(cache.measure(NOON))

    with redis.Redis(port=port) as other:
        other.ping()
        found = by_metric(cache.measure(NOON))
    cache.close()

    assert alone == {Metric.UP: 1.0, Metric.CONNECTIONS: 1.0}
    assert found[Metric.CONNECTIONS] == 2.0


def test_memory_is_measured_against_the_limit_if_there_is_one(start_redis: StartRedis) -> None:
    port = start_redis("--maxmemory", "64mb")
    cache = source(port)
    before = by_metric(cache.measure(NOON))[Metric.MEMORY_USAGE]

    with redis.Redis(port=port) as writer:
        for number in range(4):
            writer.set(f"basket-{number}", b"." * (8 * 1024 * 1024))
    after = by_metric(cache.measure(NOON))[Metric.MEMORY_USAGE]
    cache.close()

    assert 0 < before < 10
    assert 49 <= after - before < 80


def test_primary_and_replica_both_report_the_replication_lag(start_redis: StartRedis) -> None:
    primary = start_redis("--repl-diskless-sync-delay", "0")
    replica = start_redis("--replicaof", f"127.0.0.1 {primary}")
    with redis.Redis(port=replica, decode_responses=True) as asked:
        for _ in range(200):
            if asked.info()["master_link_status"] == "up":
                break
            time.sleep(0.05)
    ends = source(primary), source(replica)

    of_primary, of_replica = (
        {each.metric: each for each in end.measure(NOON)}[Metric.REPLICATION_LAG] for end in ends
    )
    for end in ends:
        end.close()

    assert 0 <= of_primary.value <= 10
    assert str(of_primary.note) == f"127.0.0.1:{replica}"
    assert 0 <= of_replica.value <= 10


def test_a_replica_that_lost_its_primary_is_reported(start_redis: StartRedis) -> None:
    primary = start_redis("--repl-diskless-sync-delay", "0")
    replica = start_redis("--replicaof", f"127.0.0.1 {primary}")
    with redis.Redis(port=replica, decode_responses=True) as asked:
        for _ in range(200):
            if asked.info()["master_link_status"] == "up":
                break
            time.sleep(0.05)
        shut_down(primary)
        for _ in range(200):
            if asked.info()["master_link_status"] == "down":
                break
            time.sleep(0.05)
    cache = source(replica)

    found = {each.metric: each for each in cache.measure(NOON)}
    cache.close()

    assert found[Metric.REPLICATION_LAG].value >= 0
    assert str(found[Metric.REPLICATION_LAG].note) == "複製元につながっていません"


def test_a_user_who_may_only_ask_for_info_is_enough(
    start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "hunter2")
    port = start_redis("--user", "toban", "on", ">hunter2", "resetkeys", "-@all", "+info")
    cache = source(port, username="toban", password="env:REDIS_PASSWORD")

    found = by_metric(cache.measure(NOON))
    cache.close()

    assert found == {Metric.UP: 1.0, Metric.CONNECTIONS: 1.0}


def test_a_user_without_info_is_reported_with_the_right_it_needs(
    start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "hunter2")
    port = start_redis("--user", "veiled", "on", ">hunter2", "-@all", "+ping")

    with pytest.raises(Unmeasurable, match=r"\+info") as caught:
        source(port, username="veiled", password="env:REDIS_PASSWORD").measure(NOON)

    assert by_metric(caught.value.measured) == {Metric.UP: 1.0}


@pytest.mark.parametrize("login", [{}, {"username": "toban", "password": "env:REDIS_PASSWORD"}])
def test_a_refused_login_does_not_mark_the_service_down_and_shows_no_password(
    login: dict[str, str], start_redis: StartRedis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REDIS_PASSWORD", "hunter2")
    port = start_redis("--requirepass", "hunter3")

    with pytest.raises(Unmeasurable, match="ログインを拒まれました") as caught:
        source(port, **login).measure(NOON)

    assert caught.value.measured == ()
    assert "hunter" not in str(caught.value)


def test_a_missing_password_is_reported_and_does_not_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("REDIS_PASSWORD", raising=False)

    with pytest.raises(Unmeasurable, match="REDIS_PASSWORD"):
        source(1, password="env:REDIS_PASSWORD").measure(NOON)


def test_a_stopped_server_is_down_until_it_is_back(start_redis: StartRedis) -> None:
    port = start_redis()
    cache = source(port)
    cache.measure(NOON)
    shut_down(port)

    with pytest.raises(Unmeasurable):
        cache.measure(NOON)
    with pytest.raises(Unmeasurable, match="接続できません（Connection refused）") as caught:
        cache.measure(NOON)
    start_redis(port=port)
    back = by_metric(cache.measure(NOON))
    cache.close()

    assert by_metric(caught.value.measured) == {Metric.UP: 0.0}
    assert back[Metric.UP] == 1.0


def test_a_server_that_never_answers_is_abandoned() -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as server,
        pytest.raises(Unmeasurable, match=r"0\.2秒以内") as caught,
    ):
        source(server.getsockname()[1], timeout=0.2).measure(NOON)

    assert by_metric(caught.value.measured) == {Metric.UP: 0.0}


@pytest.mark.parametrize("is_trusted", [True, False])
def test_tls_is_used_with_a_server_whose_certificate_is_trusted(
    is_trusted: bool, authority: trustme.CA, ca_file: Path, tmp_path: Path, start_redis: StartRedis
) -> None:
    certificate = authority.issue_cert("127.0.0.1") if is_trusted else self_signed()
    key, shown = tmp_path / "key.pem", tmp_path / "shown.pem"
    certificate.private_key_pem.write_to_path(key)
    certificate.cert_chain_pems[0].write_to_path(shown)
    files = ("--tls-key-file", str(key), "--tls-cert-file", str(shown), "--tls-ca-cert-file", str(ca_file))
    cache = source(start_redis(*files, "--tls-auth-clients", "no", tls=True), tls=True, ca_file=ca_file)

    if is_trusted:
        assert by_metric(cache.measure(NOON))[Metric.UP] == 1.0
    else:
        with pytest.raises(Unmeasurable, match="自己署名"):
            cache.measure(NOON)
    cache.close()


@pytest.mark.parametrize("config", [{"username": "toban"}, {"ca_file": "ca.pem"}])
def test_settings_that_cannot_work_are_refused(config: dict[str, str], ca_file: Path) -> None:
    written = {**config, "ca_file": ca_file} if "ca_file" in config else config

    with pytest.raises(ValidationError):
        source(1, **written)
