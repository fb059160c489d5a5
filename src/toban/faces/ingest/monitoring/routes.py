"""The endpoints of chapter 2: pushed measurements."""

from starlette.routing import Route

from toban.faces.ingest.monitoring.pushed import MetricsIn
from toban.faces.ingest.server import IngestServer, Intake


def intake(server: IngestServer) -> Intake:
    """Return the endpoints."""
    metrics = MetricsIn(server.senders, server.clock)
    return Intake(
        routes=(
            Route("/api/v1/write", metrics.remote_write, methods=("POST",)),
            Route("/v1/metrics", metrics.otlp, methods=("POST",)),
            Route("/ingest/metrics", metrics.agent, methods=("POST",)),
        )
    )
