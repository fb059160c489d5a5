"""The toy's endpoint: it receives rings of a bell."""

import asyncio

from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from toban.faces.ingest.server import IngestServer, Intake

happened: list[str] = []


def intake(server: IngestServer) -> Intake:
    """Return the endpoint, and background work that runs until the server stops."""

    async def ring(_request: Request) -> Response:
        return PlainTextResponse(f"rung at {server.clock():%Y}")

    return Intake(routes=(Route("/toy/ring", ring),), background=(_listen,))


async def _listen() -> None:
    happened.append("began")
    try:
        await asyncio.sleep(600)
    finally:
        happened.append("ended")
