"""AWS for tests: moto's values, and an endpoint that refuses as a test says."""

import gzip
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import boto3
from tests.integration.conftest import Handler, HttpServer

REGION = "ap-northeast-1"
ACCESS, SECRET = "AKIATOBANTEST", "a-secret-of-the-tests"
GIB = 1 << 30


def client(service: str, url: str) -> Any:
    """A client with an operator's rights."""
    return boto3.client(
        service, region_name=REGION, endpoint_url=url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET
    )


def access(url: str, **more: object) -> dict[str, object]:
    """The keys of a table that ask the AWS at *url*."""
    return {
        "region": REGION,
        "endpoint_url": url,
        "access_key": "env:AWS_ACCESS",
        "secret_key": "env:AWS_SECRET",
        **more,
    }


def put(
    url: str, namespace: str, name: str, dimensions: Mapping[str, str], values: Mapping[datetime, float]
) -> None:
    """Store *values* of a metric in CloudWatch."""
    rows = [
        {
            "MetricName": name,
            "Dimensions": [{"Name": each, "Value": value} for each, value in dimensions.items()],
            "Timestamp": at,
            "Value": value,
        }
        for at, value in values.items()
    ]
    for first in range(0, len(rows), 500):
        client("cloudwatch", url).put_metric_data(Namespace=namespace, MetricData=rows[first : first + 500])


class Refusing:
    """AWS, by one endpoint: it refuses an action, and answers the others as the test says."""

    def __init__(self, server: HttpServer) -> None:
        self.asked: list[str] = []
        self.refused: dict[str, tuple[int, str]] = {}
        """An action → the status and the code of its refusal."""
        self.answers: dict[str, Any] = {}
        """An action → its answer: XML for the query protocol, values for JSON."""
        self.url = server.url
        server.answer = self._answer

    def _answer(self, handler: Handler) -> None:
        packed = handler.headers.get("content-encoding") == "gzip"
        body = gzip.decompress(handler.body) if packed else handler.body
        target = handler.headers.get("x-amz-target", "")
        action = target.rpartition(".")[2] or _action(body)
        self.asked.append(action)
        status, code = self.refused.get(action, (200, ""))
        handler.reply(status, _refusal(code, is_json=bool(target)) if code else _said(self.answers[action]))


def _action(body: bytes) -> str:
    fields = dict(each.split("=", 1) for each in body.decode().split("&") if "=" in each)
    return fields.get("Action", "")


def _said(answer: str | Mapping[str, Any] | Sequence[Any]) -> bytes:
    return (answer if isinstance(answer, str) else json.dumps(answer)).encode()


def _refusal(code: str, *, is_json: bool) -> bytes:
    if is_json:
        return json.dumps({"__type": code, "message": "said so"}).encode()
    inside = f"<Error><Code>{code}</Code><Message>said so</Message></Error>"
    return f"<ErrorResponse>{inside}</ErrorResponse>".encode()
