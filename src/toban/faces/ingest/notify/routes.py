"""Endpoints for the alerts of Prometheus and Grafana, and for buttons pressed in Slack."""

from starlette.routing import Route

from toban.faces.ingest.notify.alerts import AlertsIn
from toban.faces.ingest.notify.slack import SlackActions
from toban.faces.ingest.server import IngestServer, Intake


def intake(server: IngestServer) -> Intake:
    """Return the endpoints."""
    alerts = AlertsIn(server.senders, server.edition, server.clock)
    slack = SlackActions(server.edition, server.clock)
    return Intake(
        routes=(
            Route("/api/v2/alerts", alerts.answer, methods=("POST",)),
            Route("/slack/actions", slack.answer, methods=("POST",)),
        )
    )
