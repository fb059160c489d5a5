"""The endpoints of releases: GitHub's webhooks."""

from starlette.routing import Route

from toban.faces.ingest.release.github import GitHubHooks
from toban.faces.ingest.server import IngestServer, Intake


def intake(server: IngestServer) -> Intake:
    """Return the endpoints."""
    hooks = GitHubHooks(server.edition, server.clock)
    return Intake(routes=(Route("/hooks/github/{service}", hooks.answer, methods=("POST",)),))
