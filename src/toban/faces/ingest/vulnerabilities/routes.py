"""The endpoints of vulnerabilities: lists of packages."""

from starlette.routing import Route

from toban.faces.ingest.server import IngestServer, Intake
from toban.faces.ingest.vulnerabilities.lists import ListsIn


def intake(server: IngestServer) -> Intake:
    """Return the endpoint."""
    lists = ListsIn(server.senders, server.clock)
    return Intake(routes=(Route("/ingest/inventory/{name}", lists.take, methods=("POST",)),))
