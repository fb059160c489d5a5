"""An AWS for tests: moto's, behind an endpoint that refuses, holds back and changes what a test says."""

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs

import boto3
from tests import asking
from tests.integration.conftest import Handler, HttpServer

REGION, ACCESS, SECRET = "ap-northeast-1", "AKIATOBANTEST", "a-secret-of-the-tests"
_QUERY = "http://autoscaling.amazonaws.com/doc/2011-01-01/"
_PASSED_ON = ("content-type", "x-amz-target", "authorization", "smithy-protocol", "accept")


def client(service: str, url: str) -> Any:
    """Return a client with an operator's rights."""
    return boto3.client(
        service, region_name=REGION, endpoint_url=url, aws_access_key_id=ACCESS, aws_secret_access_key=SECRET
    )


class Between:
    """Passes on to *aws*, and notes what it was asked."""

    def __init__(self, server: HttpServer, aws: str) -> None:
        self.url, self._aws = server.url, aws
        self.asked: list[tuple[str, str]] = []
        """Action and body."""
        self.refused: dict[str, list[tuple[int, str]]] = {}
        """An action → the refusals that it meets, one after another; the last one stays if it is alone."""
        self.changed: dict[str, Callable[[str], str]] = {}
        """An action → what is made of its answer."""
        server.answer = self._answer

    def actions(self, name: str) -> list[str]:
        """Return the bodies of the calls of one action."""
        return [body for action, body in self.asked if action == name]

    def _answer(self, handler: Handler) -> None:
        body = handler.body.decode(errors="replace")
        action = (parse_qs(body).get("Action") or [handler.path.rpartition("/")[2]])[0]
        action = handler.headers.get("x-amz-target", "").rpartition(".")[2] or action
        self.asked.append((action, body))
        if left := self.refused.get(action):
            status, code = left.pop(0)
            handler.reply(status, _refusal(code))
            return
        headers = {name: handler.headers[name] for name in _PASSED_ON if name in handler.headers}
        answer = asking.post(self._aws + handler.path, content=handler.body, headers=headers, timeout=30)
        content = answer.content
        if action in self.changed:
            content = self.changed[action](content.decode()).encode()
        kind = answer.headers.get("content-type", "text/xml")
        more = (
            {"smithy-protocol": answer.headers["smithy-protocol"]}
            if "smithy-protocol" in answer.headers
            else {}
        )
        handler.reply(answer.status_code, content, **{"content-type": kind, **more})


def _refusal(code: str) -> bytes:
    inside = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>said so</Message></Error>"
    return f'<ErrorResponse xmlns="{_QUERY}">{inside}<RequestId>1</RequestId></ErrorResponse>'.encode()


def pending(count: int) -> Callable[[str], str]:
    """Return a change that has the last *count* instances of a group not in service yet."""

    def change(answer: str) -> str:
        parts = re.split(r"(<LifecycleState>InService</LifecycleState>)", answer)
        there = [place for place, part in enumerate(parts) if part.startswith("<LifecycleState>")]
        for place in there[len(there) - count :]:
            parts[place] = "<LifecycleState>Pending</LifecycleState>"
        return "".join(parts)

    return change


def activities(*failed: str) -> Callable[[str], str]:
    """Return a change to activities that failed for these reasons, the newest first."""
    members = "".join(
        f"<member><ActivityId>{len(failed) - place}</ActivityId>"
        "<AutoScalingGroupName>web</AutoScalingGroupName>"
        "<Description>Launching a new EC2 instance</Description><Cause>the desired capacity</Cause>"
        "<StartTime>2026-04-14T03:00:00Z</StartTime><StatusCode>Failed</StatusCode>"
        f"<StatusMessage>{said}</StatusMessage><Progress>100</Progress></member>"
        for place, said in enumerate(failed)
    )
    result, response = "DescribeScalingActivitiesResult", "DescribeScalingActivitiesResponse"
    inside = f"<{result}><Activities>{members}</Activities></{result}>"
    return lambda _answer: f'<{response} xmlns="{_QUERY}">{inside}</{response}>'
