"""`/metrics`: Toban's own metrics, in OpenMetrics or Prometheus' text, for clients with the token.

Counters of all processes are collected in files below `TOBAN_HOME` (prometheus_client's multiprocess mode);
gauges of the state database are queried at each scrape.
"""

import asyncio
import os
import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import structlog
from django.db import DatabaseError
from django.db.models import Count, QuerySet
from prometheus_client import CollectorRegistry
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import choose_encoder
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response

from toban.engine.clock import system_clock
from toban.engine.evidence import current
from toban.engine.notify.models import Alert, Delivery
from toban.engine.runs.models import Run

TOKEN_FILE = "metrics-token"  # noqa: S105 - the file's name
FOLDER = "metrics"
"""Below `TOBAN_HOME`; `PROMETHEUS_MULTIPROC_DIR` names it to the processes."""

log = structlog.get_logger(__name__)


class StateCollector(Collector):
    """Gauges of what is in the state database now."""

    def collect(self) -> Iterator[Metric]:
        """Yield gauges; raises `DatabaseError`."""
        verdicts = Counter(str(each.verdict) for each in current.statuses(system_clock()))
        yield _family("toban_clauses", "Rows of the document by verdict.", "verdict", verdicts)
        open_alerts = Alert.objects.filter(resolved_at=None)
        yield _counted("toban_alerts_open", "Alerts that are not over.", "condition", open_alerts)
        waiting = Delivery.objects.filter(state=Delivery.State.WAITING)
        yield _counted("toban_notices_waiting", "Notices not delivered yet.", "channel", waiting)
        open_runs = Run.objects.filter(state__in=(Run.State.WAITING, Run.State.RUNNING))
        yield _counted("toban_runs_open", "Runs that have not ended.", "state", open_runs)


class Metrics:
    """The endpoint. Without a token file in *home* nobody may read."""

    def __init__(self, home: Path) -> None:
        self._home = home

    async def answer(self, request: Request) -> Response:
        """Answer a scrape."""
        if not self._may_read(request.headers.get("authorization", "")):
            return PlainTextResponse(
                f"a token is needed: Authorization: Bearer (the content of {TOKEN_FILE} in TOBAN_HOME)\n",
                401,
                headers={"WWW-Authenticate": "Bearer"},
            )
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        try:
            body = await asyncio.to_thread(lambda: encode(_registry()))
        except DatabaseError as exc:
            log.warning("metrics_unreadable", reason=str(exc))
            return PlainTextResponse("the state database does not answer\n", 503)
        return Response(body, media_type=content_type)

    def _may_read(self, written: str) -> bool:
        try:
            token = (self._home / TOKEN_FILE).read_text().strip()
        except FileNotFoundError:
            return False
        scheme, _, given = written.partition(" ")
        # Bytes: compare_digest refuses text beyond ASCII, which a stranger may send.
        is_same = secrets.compare_digest(given.strip().encode(), token.encode())
        return bool(token) and scheme.lower() == "bearer" and is_same


def _registry() -> CollectorRegistry:
    registry = CollectorRegistry()
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    registry.register(StateCollector())
    return registry


def _counted(name: str, what: str, label: str, rows: QuerySet[Any]) -> GaugeMetricFamily:
    """Return how many *rows* there are for each value of the field *label*."""
    counted = rows.values_list(label).annotate(count=Count("pk"))
    return _family(name, what, label, dict(counted.order_by(label)))


def _family(name: str, what: str, label: str, counts: Mapping[str, int]) -> GaugeMetricFamily:
    family = GaugeMetricFamily(name, what, labels=[label])
    for value, count in sorted(counts.items()):
        family.add_metric([value], count)
    return family
