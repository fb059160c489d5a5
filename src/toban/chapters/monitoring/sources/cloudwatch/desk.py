"""One desk per account and region: the queries of all its sources go to CloudWatch together.

GetMetricData takes 500 metrics per call, and is charged per metric however they are spread over calls:
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_GetMetricData.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock
from typing import Any
from weakref import WeakValueDictionary

import structlog
from botocore.exceptions import BotoCoreError

from toban.chapters.monitoring.sources.cloudwatch.config import CloudWatchConfig
from toban.chapters.monitoring.sources.cloudwatch.cost import dollars_a_month
from toban.chapters.monitoring.sources.cloudwatch.values import Answers, MetricQuestion, MetricSeries
from toban.chapters.monitoring.sources.paced import PacedApi, Throttled, Withheld
from toban.engine import aws
from toban.engine.bindings.secret import SecretUnavailable
from toban.message import message_of

MOST_AT_ONCE = 500
_MOST_PAGES = 10
_MINUTE = timedelta(minutes=1)
_ATTEMPTS = 2
_COMPLETE = "Complete"
_LONGEST_SAID = 300


log = structlog.get_logger(__name__)


@dataclass(slots=True)
class _AnswerPages:
    """The pages of one answer so far."""

    points: dict[datetime, float] = field(default_factory=dict)
    status: str = "NoAnswer"
    messages: list[str] = field(default_factory=list)

    def add(self, result: Mapping[str, Any]) -> None:
        """Add one page's part; the last page says whether the data is complete."""
        self.points.update(zip(result.get("Timestamps", ()), result.get("Values", ()), strict=True))
        self.status = result.get("StatusCode", _COMPLETE)
        self.messages += _messages(result)

    def series(self, general: Sequence[str]) -> MetricSeries:
        """Return the values, or what is wrong with them; *general* is about the whole answer."""
        if self.status == _COMPLETE:
            return MetricSeries(self.points)
        return MetricSeries(fault=" ".join((self.status, *self.messages, *general))[:_LONGEST_SAID])


class CloudWatchDesk:
    """Asks for everything its sources want, at most once per `every`. Thread-safe."""

    def __init__(self, config: CloudWatchConfig) -> None:
        self._config = config
        self._lock = Lock()
        self._wanted: dict[object, frozenset[MetricQuestion]] = {}
        self._paced = PacedApi[Answers](config.every)
        self._charged_for = 0

    def want(self, source: object, questions: frozenset[MetricQuestion]) -> None:
        """Include *questions* from now on, until *source* wants others or leaves."""
        with self._lock:
            self._wanted[source] = questions

    def leave(self, source: object) -> None:
        """Stop asking on behalf of *source*."""
        with self._lock:
            self._wanted.pop(source, None)

    def answers(self, questions: frozenset[MetricQuestion], now: datetime) -> Answers:
        """Return the answers to *questions* and others; raises `Withheld` if there are none."""
        return self._paced.read(lambda: self._ask(now), now, lambda told: questions <= told.keys())

    def _ask(self, now: datetime) -> Answers:
        with self._lock:
            questions = sorted(set().union(*self._wanted.values()), key=repr)
        if len(questions) != self._charged_for:
            self._charged_for = len(questions)
            cost = round(dollars_a_month(len(questions), self._config.every), 2)
            log.info("cloudwatch_cost", region=self._config.region, metrics=len(questions), usd_a_month=cost)
        client = connect("cloudwatch", self._config)
        answers: dict[MetricQuestion, MetricSeries] = {}
        try:
            for start in range(0, len(questions), MOST_AT_ONCE):
                answers |= _batch(client, questions[start : start + MOST_AT_ONCE], self._config.within, now)
        except aws.FAULTS as error:
            raise withheld(error, "CloudWatch") from error
        finally:
            client.close()
        return answers


_desks: WeakValueDictionary[object, CloudWatchDesk] = WeakValueDictionary()
_desks_lock = Lock()


def desk_of(config: CloudWatchConfig) -> CloudWatchDesk:
    """Return the desk for *config*'s account, region and interval; it lives as long as anyone holds it."""
    key = (
        *(config.region, config.access_key, config.secret_key, config.endpoint_url),
        *(config.every, config.within, config.timeout),
    )
    with _desks_lock:
        desk = _desks.get(key)
        if desk is None:
            desk = _desks[key] = CloudWatchDesk(config)
        return desk


def connect(service: str, config: CloudWatchConfig) -> Any:
    """Make a client of *service*; raises `Withheld` if that is impossible."""
    try:
        return aws.client(service, config, read_timeout=config.timeout, attempts=_ATTEMPTS)
    except SecretUnavailable as error:
        raise Withheld(message_of(error)) from error
    except BotoCoreError as error:
        raise withheld(error, service) from error


def withheld(error: aws.AwsError, service: str) -> Withheld:
    """Convert an AWS fault to the reason why a source withholds its values."""
    fault = aws.fault_of(error, service)
    return Throttled(fault.words) if fault.is_throttled else Withheld(fault.words)


def _batch(
    client: Any, questions: Sequence[MetricQuestion], within: timedelta, now: datetime
) -> dict[MetricQuestion, MetricSeries]:
    """Ask for at most `MOST_AT_ONCE` questions, following pages."""
    end = now.replace(second=0, microsecond=0) - _MINUTE
    asked: dict[str, Any] = {
        "MetricDataQueries": [_query(position, each) for position, each in enumerate(questions)],
        "StartTime": end - within,
        # The minute that just ended may be incomplete: counters would be too low.
        "EndTime": end,
        "ScanBy": "TimestampDescending",
    }
    gathered = [_AnswerPages() for _ in questions]
    general: list[str] = []
    for page in _pages(client, asked):
        general += _messages(page)
        for result in page["MetricDataResults"]:
            gathered[int(result["Id"][1:])].add(result)
    return {question: each.series(general) for question, each in zip(questions, gathered, strict=True)}


def _pages(client: Any, asked: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    token: Mapping[str, str] = {}
    for _ in range(_MOST_PAGES):
        page = client.get_metric_data(**asked, **token)
        yield page
        if not page.get("NextToken"):
            return
        token = {"NextToken": page["NextToken"]}


def _query(position: int, question: MetricQuestion) -> Mapping[str, Any]:
    return {
        "Id": f"m{position}",
        "MetricStat": {
            "Metric": {
                "Namespace": question.namespace,
                "MetricName": question.name,
                "Dimensions": [{"Name": name, "Value": value} for name, value in question.dimensions],
            },
            "Period": 60,
            "Stat": question.stat,
        },
    }


def _messages(told: Mapping[str, Any]) -> list[str]:
    return [f"{each.get('Code', '')} {each.get('Value', '')}".strip() for each in told.get("Messages", ())]
