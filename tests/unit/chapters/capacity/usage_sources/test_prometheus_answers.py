"""What Prometheus answers, and what is no answer."""

import json
from datetime import UTC, datetime

import pytest

from toban.chapters.capacity.usage import UsageAt
from toban.chapters.capacity.usage_sources.prometheus.answers import Unreadable, read, value_of, values_of


def vector(*values: str) -> dict[str, object]:
    return {"resultType": "vector", "result": [{"metric": {}, "value": [1.5, value]} for value in values]}


def test_one_series_or_a_scalar_is_a_value() -> None:
    assert value_of(vector("42.5")) == 42.5
    assert value_of({"resultType": "scalar", "result": [1.5, "7"]}) == 7
    assert value_of(vector("+Inf")) == float("inf")


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (vector(), "系列がありません"),
        (vector("1", "2"), "2 個の系列"),
        (vector("NaN"), "数ではありません"),
        ({"resultType": "string", "result": [1.5, "x"]}, "数ではありません"),
        ({"resultType": "vector", "result": [{"metric": {}, "histogram": [1.5, {}]}]}, "数ではありません"),
        (None, "数ではありません"),
    ],
)
def test_anything_else_is_no_value(data: object, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        value_of(data)


def test_a_range_is_its_finite_values() -> None:
    pairs = [[3600, "1"], [7200, "NaN"], [10800, "+Inf"], [14400, "4"]]
    data = {"resultType": "matrix", "result": [{"metric": {}, "values": pairs}]}

    assert values_of(data) == [
        UsageAt(datetime(1970, 1, 1, 1, tzinfo=UTC), 1),
        UsageAt(datetime(1970, 1, 1, 4, tzinfo=UTC), 4),
    ]
    assert values_of({"resultType": "matrix", "result": []}) == ()


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ({"resultType": "matrix", "result": [{"values": []}, {"values": []}]}, "2 個の系列"),
        (vector("1"), "数ではありません"),
    ],
)
def test_a_range_of_several_series_is_none(data: object, said: str) -> None:
    with pytest.raises(Unreadable, match=said):
        values_of(data)


@pytest.mark.parametrize(
    ("status", "answer", "said", "hint"),
    [
        (
            400,
            {"status": "error", "errorType": "bad_data", "error": "parse error"},
            "bad_data: parse error",
            "used",
        ),
        (503, {"status": "error", "errorType": "timeout", "error": "too long"}, "timeout: too long", "used"),
        (401, "no", "HTTP 401", "bearer_token"),
        (404, "no", "HTTP 404", "url"),
        (200, "<html>", "Prometheus の応答ではありません", "url"),
        (200, {"state": "fine"}, "Prometheus の応答ではありません", "url"),
    ],
)
def test_a_refusal_says_why_and_the_way_out(status: int, answer: object, said: str, hint: str) -> None:
    body = answer.encode() if isinstance(answer, str) else json.dumps(answer).encode()

    with pytest.raises(Unreadable, match=said) as unreadable:
        read(status, body)

    assert hint in str(unreadable.value.hint)
