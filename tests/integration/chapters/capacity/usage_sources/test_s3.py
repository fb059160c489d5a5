"""Buckets of real S3 servers by their lists, and of CloudWatch as moto's server simulates it."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.integration.buckets import ACCESS_KEY, SECRET_KEY, S3Server
from tests.integration.chapters.capacity.usage_sources.cloud import REGION, SECRET, Refusing, put
from tests.ports import free_port

from toban.chapters.capacity.usage import UsageReading, UsageSource, UsageUnknown
from toban.chapters.capacity.usage_sources.s3 import _open
from toban.chapters.capacity.usage_sources.s3.config import S3Usage

NOW = datetime.now(UTC)
MIDNIGHT = NOW.replace(hour=0, minute=0, second=0, microsecond=0)
DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def bucket_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("S3_ACCESS", ACCESS_KEY)
    monkeypatch.setenv("S3_SECRET", SECRET_KEY)


@pytest.fixture(params=["nanio", "ministack"])
def server(request: pytest.FixtureRequest) -> S3Server:
    found: S3Server = request.getfixturevalue(request.param)
    return found


def filled(server: S3Server, sizes: Mapping[str, int]) -> str:
    """Make a bucket with objects of these sizes; return its name."""
    name = f"shop-{free_port()}"
    s3 = server.client()
    s3.create_bucket(Bucket=name)
    for key, size in sizes.items():
        s3.put_object(Bucket=name, Key=key, Body=b"x" * size)
    return name


def opened(**config: object) -> UsageSource:
    return _open(S3Usage.model_validate(config), None)  # type: ignore[arg-type]


def listed(server: S3Server, bucket: str, **more: object) -> UsageSource:
    keys = {"access_key": "env:S3_ACCESS", "secret_key": "env:S3_SECRET"}
    return opened(**{"bucket": bucket, "endpoint": server.url, "region": "us-east-1", **keys, **more})


def counted(url: str, bucket: str, **more: object) -> UsageSource:
    keys = {"access_key": "env:AWS_ACCESS", "secret_key": "env:AWS_SECRET"}
    return opened(**{"bucket": bucket, "region": REGION, "cloudwatch_endpoint": url, **keys, **more})


def measured(source: UsageSource) -> UsageReading:
    try:
        return source.measure(NOW)
    finally:
        source.close()


def why(source: UsageSource) -> str:
    with pytest.raises(UsageUnknown) as unknown:
        measured(source)
    assert SECRET not in str(unknown.value)
    assert SECRET_KEY not in str(unknown.value)
    return str(unknown.value)


def test_the_sizes_of_all_objects_are_added_up(server: S3Server) -> None:
    bucket = filled(server, {"images/a": 1000, "images/b": 200, "log": 3})

    assert measured(listed(server, bucket)) == UsageReading(1203)
    assert measured(listed(server, bucket, prefix="images/")) == UsageReading(1200)


def test_an_empty_bucket_is_used_by_nothing(server: S3Server) -> None:
    assert measured(listed(server, filled(server, {}))) == UsageReading(0)


def test_more_objects_than_one_page_holds_are_counted(ministack: S3Server) -> None:
    bucket = filled(ministack, {f"{number:05}": 1 for number in range(1100)})

    assert measured(listed(ministack, bucket)).used == 1100


def test_earlier_versions_take_room_and_are_a_part_of_their_own(ministack: S3Server) -> None:
    bucket = filled(ministack, {})
    s3 = ministack.client()
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for size in (100, 30, 7):
        s3.put_object(Bucket=bucket, Key="a", Body=b"x" * size)

    assert measured(listed(ministack, bucket)) == UsageReading(
        137, None, {"STANDARD": 7, "STANDARD/noncurrent": 130}
    )


def test_too_many_objects_are_not_counted_to_the_end(server: S3Server) -> None:
    bucket = filled(server, {f"{number}": 10 for number in range(6)})

    said = why(listed(server, bucket, most_objects=5))

    assert f"s3://{bucket} には 5 より多くのオブジェクトがあります (6 個で 60 B まで数えました)" in said
    assert "most_objects と timeout を増やすか" in said
    assert measured(listed(server, bucket, most_objects=6)).used == 60


def test_a_list_that_takes_too_long_is_broken_off(nanio: S3Server, monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = filled(nanio, {"a": 10})
    clock = SimpleNamespace(monotonic=count(step=60).__next__)
    monkeypatch.setattr("toban.chapters.capacity.usage_sources.s3.listing.time", clock)

    assert f"s3://{bucket} を30秒で数え終わりません" in why(listed(nanio, bucket, timeout=30))


def test_a_bucket_that_is_gone_is_said(server: S3Server) -> None:
    said = why(listed(server, "nowhere-at-all"))

    assert "s3://nowhere-at-all" in said
    assert "NoSuchBucket" in said


def test_a_wrong_key_is_said_with_a_way_out(nanio: S3Server, tmp_path: Path) -> None:
    bucket = filled(nanio, {"a": 10})
    (tmp_path / "wrong").write_text("not-the-key-at-all")

    said = why(listed(nanio, bucket, secret_key=f"file:{tmp_path / 'wrong'}"))

    assert "SignatureDoesNotMatch" in said
    assert "s3:ListBucket" in said
    assert "not-the-key-at-all" not in said


def test_a_server_that_is_away_is_said(nanio: S3Server) -> None:
    said = why(listed(nanio, "shop-images", endpoint="http://127.0.0.1:1"))

    assert "s3://shop-images に届きません" in said
    assert "endpoint と、サーバーが動いているか" in said


def test_a_missing_key_is_named_by_its_place(nanio: S3Server) -> None:
    source = listed(nanio, "shop-images", secret_key="env:NOWHERE")

    assert "環境変数 NOWHERE がありません" in why(source)


def put_sizes(url: str, bucket: str, kind: str, sizes: Mapping[datetime, float]) -> None:
    put(url, "AWS/S3", "BucketSizeBytes", {"BucketName": bucket, "StorageType": kind}, sizes)


def test_cloudwatch_knows_a_bucket_by_its_storage_classes(moto: str) -> None:
    bucket = f"shop-{free_port()}"
    put_sizes(moto, bucket, "StandardStorage", {MIDNIGHT - DAY: 5e9, MIDNIGHT - 2 * DAY: 4e9})
    put_sizes(moto, bucket, "GlacierStorage", {MIDNIGHT - DAY: 7e9})

    assert measured(counted(moto, bucket)) == UsageReading(
        12e9, None, {"StandardStorage": 5e9, "GlacierStorage": 7e9}
    )


def test_cloudwatch_knows_the_past_of_a_bucket(moto: str) -> None:
    bucket = f"shop-{free_port()}"
    put_sizes(moto, bucket, "StandardStorage", {MIDNIGHT - n * DAY: 100.0 - n for n in range(400)})
    put_sizes(moto, bucket, "GlacierStorage", {MIDNIGHT - n * DAY: 1000.0 for n in range(10)})
    source = counted(moto, bucket)

    found = source.history(NOW - 600 * DAY, NOW)  # type: ignore[attr-defined]
    source.close()

    assert [each.at for each in found] == [MIDNIGHT - n * DAY for n in range(399, 0, -1)]
    assert [each.used for each in found] == [100 - n + (1000 if n < 10 else 0) for n in range(399, 0, -1)]


def test_a_bucket_that_cloudwatch_knows_no_values_of_is_not_empty(moto: str) -> None:
    bucket = f"shop-{free_port()}"
    put_sizes(moto, bucket, "StandardStorage", {MIDNIGHT - 5 * DAY: 5e9})

    said = why(counted(moto, bucket))

    assert f"CloudWatch にこの3日の {bucket} の BucketSizeBytes がありません" in said
    assert "二日待ち" in said


@pytest.mark.parametrize("action", ["ListMetrics", "GetMetricData"])
@pytest.mark.parametrize(
    ("code", "status", "words", "hint"),
    [
        (
            "AccessDenied",
            403,
            "権限がありません",
            "cloudwatch:ListMetrics、",
        ),
        ("Throttling", 400, "AWS が要求を絞っています", "次の測定でもう一度聞きます"),
    ],
)
def test_a_refusal_of_cloudwatch_is_said_with_a_way_out(
    refusing: Refusing, action: str, code: str, status: int, words: str, hint: str
) -> None:
    metric = {
        "Namespace": "AWS/S3",
        "MetricName": "BucketSizeBytes",
        "Dimensions": [{"Name": "StorageType", "Value": "StandardStorage"}],
    }
    refusing.answers["ListMetrics"] = {"Metrics": [metric]}
    refusing.refused[action] = (status, code)

    said = why(counted(refusing.url, "shop-images"))

    assert words in said
    assert hint in said


def test_a_cloudwatch_that_does_not_answer_is_said() -> None:
    assert "CloudWatch に届きません" in why(counted("http://127.0.0.1:1", "shop-images"))
