"""The endpoints for runs elsewhere: pings."""

from starlette.routing import Route

from toban.faces.ingest.runs.pings import Pings
from toban.faces.ingest.server import IngestServer, Intake

_METHODS = ("HEAD", "GET", "POST")


def intake(server: IngestServer) -> Intake:
    """Return the ping URLs."""
    pings = Pings(server.works, server.clock)
    return Intake(
        routes=(
            Route("/ping/{token}", pings.answer, methods=_METHODS),
            Route("/ping/{token}/{word}", pings.answer, methods=_METHODS),
        )
    )
