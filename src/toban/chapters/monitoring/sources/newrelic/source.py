"""Asking New Relic: one bounded request for all the queries of a place, and its refusals in clear words.

NerdGraph takes 25 requests of a user at a time: https://docs.newrelic.com/docs/apis/nerdgraph/nerdgraph-usage-limits/
"""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import ClassVar, Literal

from pydantic import Field

from toban.chapters.monitoring.source import Measurement, SourceKind, Unmeasurable
from toban.chapters.monitoring.sources.newrelic.graphql import (
    OF_HOST,
    GraphqlAnswer,
    NewRelicReading,
    UnreadableAnswer,
    document,
    queries,
    told,
)
from toban.chapters.monitoring.sources.paced import PacedApi, Throttled, Withheld, wait_in
from toban.chapters.monitoring.sources.questions import QuestionsConfig, asked_for
from toban.chapters.monitoring.wording import metric_name
from toban.design.values.metric import Metric
from toban.engine.bindings.secret import Secret, SecretUnavailable
from toban.engine.network.http import HttpAnswer, Unanswered, new_client, send
from toban.message import Message, message_of

_ENDPOINTS = {
    "US": "https://api.newrelic.com",
    "EU": "https://api.eu.newrelic.com",
    "JP": "https://api.jp.newrelic.com",
}
_OK, _TOO_MANY = 200, 429
_SERVICE = "New Relic"
_DENIED = frozenset(("ACCESS_DENIED", "UNAUTHORIZED", "UNAUTHENTICATED", "FORBIDDEN"))
_BUSY = frozenset(("TOO_MANY_REQUESTS", "RATE_LIMITED"))
_LONGEST_SAID = 200


class NewRelicConfig(QuestionsConfig):
    """`kind = "newrelic"`: a host, or metrics by custom NRQL, each `SELECT … AS value`."""

    example: ClassVar[Mapping[str, str]] = {
        "host": "web-1",
        "account": "1234567",
        "api_key": "env:NEW_RELIC_KEY",
    }

    account: int = Field(gt=0)
    api_key: Secret
    """A user key, by reference."""
    region: Literal["US", "EU", "JP"] = "US"
    """Where the account's data is stored."""


class NewRelicSource:
    """One place as New Relic knows it. Its newest values are used until the next query."""

    def __init__(self, config: NewRelicConfig) -> None:
        self._config = config
        self._queries = queries(config.host, config.queries)
        self._url = f"{config.endpoint_url.rstrip('/') or _ENDPOINTS[config.region]}/graphql"
        self._paced = PacedApi[GraphqlAnswer](config.every)

    @property
    def instance(self) -> str:
        return self._config.place

    def measure(self, now: datetime) -> Sequence[Measurement]:
        """Return the newest values; if some are missing, `Unmeasurable` carries the others.

        If New Relic returns nothing, that does not mean the place is down.
        """
        try:
            answer = self._paced.read(self._ask, now)
        except Withheld as refusal:
            raise Unmeasurable(self._placed(message_of(refusal))) from refusal
        found = [self._measured(each, now) for each in answer.readings]
        missing = self._queries.keys() - {each.metric for each in answer.readings}
        if missing:
            metrics = [self._missing(each, answer.faults.get(each)) for each in sorted(missing)]
            raise Unmeasurable(self._placed(Message("monitoring.newrelic-lacks", metrics=metrics)), found)
        return found

    def close(self) -> None:
        """There is nothing to close between two queries."""

    def _placed(self, why: Message) -> Message:
        return Message("monitoring.at-place", place=self.instance, said=why)

    def _missing(self, metric: Metric, fault: str | None) -> Message:
        """Name *metric*, with New Relic's reason for returning nothing."""
        reason, name = self._said(fault), metric_name(metric)
        return Message("monitoring.metric-with-fault", metric=name, reason=reason) if reason else name

    def _measured(self, reading: NewRelicReading, now: datetime) -> Measurement:
        where = f"{self.instance} {reading.what}" if reading.what else self.instance
        return Measurement(reading.metric, where, now, reading.value)

    def _ask(self) -> GraphqlAnswer:
        try:
            answer = self._answer()
        except (Unanswered, SecretUnavailable) as error:
            raise Withheld(Message("monitoring.at-place", place=_SERVICE, said=message_of(error))) from error
        if answer.status == _TOO_MANY:
            raise _throttled(answer)
        if answer.status in (401, 403):
            raise Withheld(Message("monitoring.newrelic-key-refused"))
        if answer.status != _OK:
            raise Withheld(Message("monitoring.service-answered", service=_SERVICE, status=answer.status))
        try:
            return told(json.loads(answer.body), list(self._queries))
        except UnreadableAnswer as error:
            raise self._refused(error, answer) from error
        except (ValueError, TypeError, AttributeError) as error:
            raise Withheld(Message("monitoring.unexpected-answer", service=_SERVICE)) from error
        except KeyError as error:
            raise Withheld(Message("monitoring.newrelic-answer-lacks-value")) from error

    def _refused(self, error: UnreadableAnswer, answer: HttpAnswer) -> Withheld:
        """Return why the whole answer is unusable."""
        if error.kind in _BUSY:
            return _throttled(answer)
        if error.kind in _DENIED:
            return Withheld(Message("monitoring.newrelic-key-refused"))
        reason = self._said(str(error))
        if not reason:
            return Withheld(Message("monitoring.newrelic-refused"))
        return Withheld(Message("monitoring.newrelic-refused-because", reason=reason))

    def _said(self, words: str | None) -> str:
        """Return New Relic's own words, without the API key that they may quote."""
        plain = " ".join((words or "").split()).replace(self._config.api_key.reveal(), "…")
        return plain[:_LONGEST_SAID]

    def _answer(self) -> HttpAnswer:
        config = self._config
        proxy = config.proxy.reveal() if config.proxy else None
        with new_client(proxy=proxy) as client:
            request = client.build_request(
                "POST",
                self._url,
                json=document(config.account, list(self._queries.values())),
                headers={"API-Key": config.api_key.reveal()},
                timeout=config.timeout,
            )
            return send(client, request, config.timeout)


def _throttled(answer: HttpAnswer) -> Throttled:
    return Throttled(
        Message("monitoring.throttled", service=_SERVICE), wait_in(answer.headers.get("retry-after"))
    )


KIND = SourceKind(
    config=NewRelicConfig,
    measures=frozenset(OF_HOST),
    build=NewRelicSource,
    asked_for=lambda config: asked_for(config, OF_HOST),
)
