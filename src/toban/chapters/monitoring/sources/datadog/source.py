"""Asking Datadog: one bounded request for all the queries of a place, and its refusals in clear words.

Rate limits: https://docs.datadoghq.com/api/latest/rate-limits/
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from toban.chapters.monitoring.source import Measurement, SourceKind, Unmeasurable
from toban.chapters.monitoring.sources.datadog.answer import (
    OF_HOST,
    DatadogReading,
    is_fresh,
    queries,
    readings,
)
from toban.chapters.monitoring.sources.paced import PacedApi, Throttled, Withheld, wait_in
from toban.chapters.monitoring.sources.questions import QuestionsConfig, asked_for
from toban.chapters.monitoring.wording import metric_name
from toban.engine.amounts import length
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.network.http import HttpAnswer, Unanswered, new_client, send
from toban.message import Message, message_of

_WITHIN = timedelta(minutes=5)
"""An older point says nothing about now: the Agent reports every 15 s, integrations every few minutes."""
_OK, _TOO_MANY = 200, 429
_REFUSALS = {
    400: "monitoring.datadog-query-not-readable",
    401: "monitoring.datadog-keys-refused",
    403: "monitoring.datadog-keys-refused",
}


class DatadogConfig(QuestionsConfig):
    """`kind = "datadog"`: a host, or metrics by custom queries."""

    example: ClassVar[Mapping[str, str]] = {
        "host": "web-1",
        "api_key": "env:DATADOG_API_KEY",
        "application_key": "env:DATADOG_APPLICATION_KEY",
    }

    api_key: Secret
    application_key: Secret
    site: Literal[
        "datadoghq.com",
        "us3.datadoghq.com",
        "us5.datadoghq.com",
        "datadoghq.eu",
        "uk1.datadoghq.com",
        "ap1.datadoghq.com",
        "ap2.datadoghq.com",
        "ddog-gov.com",
        "us2.ddog-gov.com",
    ] = "datadoghq.com"


class DatadogSource:
    """One place as Datadog knows it. Its newest values are used until the next query."""

    def __init__(self, config: DatadogConfig) -> None:
        self._config = config
        self._queries = queries(config.host, config.queries)
        self._url = f"{config.endpoint_url.rstrip('/') or f'https://api.{config.site}'}/api/v1/query"
        self._paced = PacedApi[Sequence[DatadogReading]](config.every)

    @property
    def instance(self) -> str:
        return self._config.place

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return the newest values; if some are missing, `Unmeasurable` carries the others.

        If Datadog returns nothing, that does not mean the place is down.
        """
        try:
            told = self._paced.read(lambda: self._ask(now), now)
        except Withheld as refusal:
            raise Unmeasurable(self._placed(message_of(refusal))) from refusal
        fresh = [each for each in told if is_fresh(each, now, _WITHIN)]
        found = [self._measured(each, now) for each in fresh]
        missing = self._queries.keys() - {each.metric for each in fresh}
        if missing:
            metrics = [metric_name(each) for each in sorted(missing)]
            lacking = Message(
                "monitoring.values-missing", service="Datadog", span=length(_WITHIN), metrics=metrics
            )
            raise Unmeasurable(self._placed(lacking), found)
        return found

    def close(self) -> None:
        """There is nothing to close between two queries."""

    def _placed(self, why: Message) -> Message:
        return Message("monitoring.at-place", place=self.instance, said=why)

    def _measured(self, reading: DatadogReading, now: datetime) -> Measurement:
        where = f"{self.instance} {reading.what}" if reading.what else self.instance
        return Measurement(reading.metric, where, now, reading.value)

    def _ask(self, now: datetime) -> Sequence[DatadogReading]:
        try:
            answer = self._answer(now)
        except (Unanswered, SecretUnavailable) as error:
            raise Withheld(Message("monitoring.at-place", place="Datadog", said=message_of(error))) from error
        if answer.status == _TOO_MANY:
            wait = wait_in(answer.headers.get("x-ratelimit-reset"))
            raise Throttled(_throttled_words(wait), wait)
        if answer.status in _REFUSALS:
            raise Withheld(Message(_REFUSALS[answer.status]))
        if answer.status != _OK:
            raise Withheld(Message("monitoring.service-answered", service="Datadog", status=answer.status))
        return self._read(answer.body)

    def _answer(self, now: datetime) -> HttpAnswer:
        config = self._config
        proxy = config.proxy.reveal() if config.proxy else None
        with new_client(proxy=proxy) as client:
            request = client.build_request(
                "GET",
                self._url,
                params={
                    "from": int((now - 2 * _WITHIN).timestamp()),
                    "to": int(now.timestamp()),
                    "query": ",".join(self._queries.values()),
                },
                headers={
                    "DD-API-KEY": config.api_key.reveal(),
                    "DD-APPLICATION-KEY": config.application_key.reveal(),
                },
                timeout=config.timeout,
            )
            return send(client, request, config.timeout)

    def _read(self, body: bytes) -> Sequence[DatadogReading]:
        try:
            told: Mapping[str, Any] = json.loads(body)
            if told.get("status") != "ok":
                raise Withheld(Message("monitoring.datadog-answer-incomplete"))
            return tuple(readings(told, list(self._queries)))
        except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
            raise Withheld(Message("monitoring.unexpected-answer", service="Datadog")) from error


def _throttled_words(wait: timedelta | None) -> Message:
    if wait is None:
        return Message("monitoring.throttled", service="Datadog")
    return Message("monitoring.throttled-for", service="Datadog", wait=length(wait))


KIND = SourceKind(
    config=DatadogConfig,
    measures=frozenset(OF_HOST),
    build=DatadogSource,
    asked_for=lambda config: asked_for(config, OF_HOST),
)
