"""The endpoints of error tracking: events from Sentry's SDKs."""

from starlette.routing import Route

from toban.engine.bindings.masking import MASKING, Masking
from toban.engine.editions.edition import Edition
from toban.engine.masks import Masker, masker
from toban.faces.ingest.errors.sentry import SentryIn
from toban.faces.ingest.server import IngestServer, Intake


def intake(server: IngestServer) -> Intake:
    """Return the endpoints."""
    masking = server.ports.one(MASKING)

    def masker_of(edition: Edition) -> Masker:
        return masker(masking.of(edition.bindings) if masking is not None else Masking())

    errors = SentryIn(server.edition, masker_of, server.clock)
    return Intake(
        routes=(
            Route("/api/{project}/envelope/", errors.envelope, methods=("POST", "OPTIONS")),
            Route("/api/{project}/store/", errors.store, methods=("POST", "OPTIONS")),
        )
    )
