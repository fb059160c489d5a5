"""NRQL to one GraphQL document, and NerdGraph's answer to values and complaints. Pure.

NRQL over NerdGraph: https://docs.newrelic.com/docs/apis/nerdgraph/examples/nerdgraph-nrql-tutorial/
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from toban.design.values.metric import Metric

OF_HOST: Mapping[Metric, str] = {
    Metric.CPU_USAGE: "SELECT latest(cpuPercent) AS value FROM SystemSample"
    " WHERE hostname = '{host}' SINCE 3 minutes ago",
    Metric.MEMORY_USAGE: "SELECT latest(memoryUsedPercent) AS value FROM SystemSample"
    " WHERE hostname = '{host}' SINCE 3 minutes ago",
    Metric.DISK_USAGE: "SELECT latest(diskUsedPercent) AS value FROM StorageSample"
    " WHERE hostname = '{host}' FACET mountPoint SINCE 3 minutes ago LIMIT 100",
}
"""What the infrastructure agent reports for every host, in percent.

https://docs.newrelic.com/docs/infrastructure/manage-your-data/data-instrumentation/default-infrastructure-monitoring-data/
"""
_VALUE = "value"
_ALIAS = "q"


@dataclass(frozen=True, slots=True)
class NewRelicReading:
    """One value of one query."""

    metric: Metric
    what: str
    """The facet: `/var`; empty for a query without one."""
    value: float


@dataclass(frozen=True, slots=True)
class GraphqlAnswer:
    """The contents of one answer."""

    readings: tuple[NewRelicReading, ...]
    faults: Mapping[Metric, str]
    """Why a query returned nothing, in New Relic's own words."""


class UnreadableAnswer(Exception):
    """The answer as a whole is unusable; the message is New Relic's own, if there is one."""

    def __init__(self, message: str, kind: str = "") -> None:
        super().__init__(message)
        self.kind = kind
        """New Relic's `errorClass`."""


def queries(host: str, own: Mapping[Metric, str]) -> dict[Metric, str]:
    """Return what to ask: the host's queries, replaced by *own* ones."""
    of_host = {metric: query.format(host=host) for metric, query in OF_HOST.items()} if host else {}
    return {**of_host, **own}


def document(account: int, nrql: Sequence[str]) -> dict[str, Any]:
    """Return the body of one request for all of *nrql*, each in a variable, so that none can inject code."""
    names = [f"{_ALIAS}{position}" for position in range(len(nrql))]
    declared = "".join(f", ${name}: Nrql!" for name in names)
    asked = " ".join(f"{name}: nrql(query: ${name}) {{ results }}" for name in names)
    return {
        "query": f"query($account: Int!{declared}) {{ actor {{ account(id: $account) {{ {asked} }} }} }}",
        "variables": {"account": account, **dict(zip(names, nrql, strict=True))},
    }


def told(body: Mapping[str, Any], metrics: Sequence[Metric]) -> GraphqlAnswer:
    """Read the answer to the queries of *metrics*, in order; raise `UnreadableAnswer` if there is none.

    Errors arrive with HTTP 200; those of a single query come together with the values of the others.
    """
    errors = body.get("errors") or []
    account = ((body.get("data") or {}).get("actor") or {}).get("account")
    if account is None:
        first = errors[0] if errors else {}
        kind = str((first.get("extensions") or {}).get("errorClass", ""))
        raise UnreadableAnswer(str(first.get("message", "")), kind)
    faults = dict(_faults(errors, metrics))
    readings: list[NewRelicReading] = []
    for position, metric in enumerate(metrics):
        answered = account.get(f"{_ALIAS}{position}")
        if answered is None:
            faults.setdefault(metric, "")
            continue
        readings += _readings(metric, answered["results"])
    return GraphqlAnswer(tuple(readings), faults)


def _faults(errors: Sequence[Mapping[str, Any]], metrics: Sequence[Metric]) -> Iterator[tuple[Metric, str]]:
    aliases = {f"{_ALIAS}{position}": metric for position, metric in enumerate(metrics)}
    for error in errors:
        for step in error.get("path") or ():
            if step in aliases:
                yield aliases[step], str(error.get("message", ""))


def _readings(metric: Metric, rows: Sequence[Mapping[str, Any]]) -> Iterator[NewRelicReading]:
    """Yield a value for every row; null means that nothing was collected."""
    for row in rows:
        if row[_VALUE] is not None:
            facet = row.get("facet", "")
            what = ",".join(map(str, facet)) if isinstance(facet, list) else str(facet)
            yield NewRelicReading(metric, what, float(row[_VALUE]))
