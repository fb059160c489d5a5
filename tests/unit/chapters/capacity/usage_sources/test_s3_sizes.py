"""A bucket's size by its storage classes, and how it is measured."""

from datetime import UTC, datetime, timedelta

import pytest
from pydantic import ValidationError

from toban.chapters.capacity.usage_sources.s3.cloudwatch import newest_sizes
from toban.chapters.capacity.usage_sources.s3.config import S3Usage

TODAY = datetime(2026, 4, 3, tzinfo=UTC)
DAY = timedelta(days=1)


def test_the_classes_of_the_newest_day_count() -> None:
    sizes = {"StandardStorage": {TODAY - DAY: 5.0, TODAY: 6.0}, "GlacierStorage": {TODAY: 2.0}}

    assert newest_sizes(sizes) == {"StandardStorage": 6, "GlacierStorage": 2}


def test_a_class_whose_value_is_late_counts_as_on_the_day_before_and_no_longer() -> None:
    sizes = {
        "StandardStorage": {TODAY: 6.0},
        "GlacierStorage": {TODAY - DAY: 2.0},
        "StandardIAStorage": {TODAY - 2 * DAY: 9.0},
    }

    assert newest_sizes(sizes) == {"StandardStorage": 6, "GlacierStorage": 2}


def test_a_bucket_without_values_has_no_size() -> None:
    assert newest_sizes({}) == {}
    assert newest_sizes({"StandardStorage": {}}) == {}


@pytest.mark.parametrize(
    ("config", "is_listed"),
    [
        ({"region": "ap-northeast-1"}, False),
        ({"region": "ap-northeast-1", "prefix": "images/"}, True),
        ({"endpoint": "http://127.0.0.1:9000"}, True),
        ({"measured_by": "listing"}, True),
        ({"measured_by": "cloudwatch", "region": "us-east-1", "endpoint": "http://127.0.0.1:9000"}, False),
    ],
)
def test_cloudwatch_counts_what_it_knows_and_the_rest_is_listed(
    config: dict[str, object], *, is_listed: bool
) -> None:
    assert S3Usage.model_validate({"bucket": "shop-images", **config}).is_listed is is_listed


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({}, "region が要ります"),
        ({"region": "us-east-1", "prefix": "a/", "measured_by": "cloudwatch"}, "バケット全体"),
    ],
)
def test_what_cloudwatch_can_not_count_is_refused(config: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        S3Usage.model_validate({"bucket": "shop-images", **config})
