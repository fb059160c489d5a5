"""Endpoints for the alerts of Prometheus and Grafana, and for orders from Slack."""

from starlette.routing import Route

from toban.faces.ingest.notify.alerts import AlertsIn
from toban.faces.ingest.notify.slack import SlackRequests
from toban.faces.ingest.server import IngestServer, Intake


def intake(server: IngestServer) -> Intake:
    """Return the endpoints."""
    alerts = AlertsIn(server.senders, server.edition, server.clock)
    slack = SlackRequests(server.edition, server.clock, server.ports)
    return Intake(
        routes=(
            Route("/api/v2/alerts", alerts.answer, methods=("POST",)),
            Route("/slack/actions", slack.act, methods=("POST",)),
            Route("/slack/commands", slack.command, methods=("POST",)),
        )
    )
