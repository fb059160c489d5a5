"""The endpoints of chapter 3: lines by HTTP, OTLP and syslog, spans, and the page that follows a search."""

from starlette.routing import Route

from toban.engine.telemetry.logs.search import LogSearch
from toban.faces.ingest.logs.lines import LogsIn
from toban.faces.ingest.logs.otlp import OtlpIn
from toban.faces.ingest.logs.syslog.service import Syslog
from toban.faces.ingest.logs.tail import LogTail
from toban.faces.ingest.server import IngestServer, Intake


def intake(server: IngestServer) -> Intake:
    """Return the endpoints and the syslog service."""
    edition, clock = server.edition, server.clock
    lines = LogsIn(server.senders, edition, server.logs, clock)
    otlp = OtlpIn(server.senders, edition, server.logs, server.spans, clock)
    tail = LogTail(edition, lambda: LogSearch(server.telemetry()), clock, server.is_stopped)
    return Intake(
        routes=(
            Route("/live/logs", tail.answer),
            Route("/v1/logs", otlp.logs, methods=("POST",)),
            Route("/v1/traces", otlp.traces, methods=("POST",)),
            Route("/ingest/logs", lines.answer, methods=("POST",)),
        ),
        background=(Syslog(edition, server.logs, clock).run,),
    )
