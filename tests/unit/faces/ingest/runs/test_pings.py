"""Which tokens grant access, and how often: with clocks set by the test."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
from starlette.applications import Starlette
from starlette.routing import Route

from toban.design.values.schedule import read_schedule
from toban.engine.bindings.model import System
from toban.engine.bindings.secret import Secret
from toban.engine.runs.work import ElsewhereReporting, Work
from toban.faces.ingest.runs.pings import MOST_PER_MINUTE, Pings

FIRST, SECOND = "first-token-0001", "second-token-002"


class House:
    """Ping URLs of one batch; an invalid ping shows whether its token was known (400) or not."""

    def __init__(self, folder: Path) -> None:
        self.token = folder / "token"
        self.token.write_text(FIRST)
        self.seconds = 0.0
        schedule = read_schedule("毎日 2:00")
        assert schedule is not None
        reported = ElsewhereReporting(Secret("file:token", folder), timedelta(minutes=30))
        work = Work(
            key="B007", clause_id="batch/batch/B007", document_digest="", steps=(), schedule=schedule,
            system=System(), reported=reported,
        )  # fmt: skip
        self.works = {"B007": work}
        pings = Pings(
            lambda: self.works, lambda: datetime(2026, 4, 1, tzinfo=UTC), seconds=lambda: self.seconds
        )
        self.app = Starlette(routes=[Route("/ping/{token}/{word}", pings.answer)])

    def ping(self, token: str = FIRST) -> int:
        async def ask() -> int:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://toban") as client:
                return (await client.get(f"/ping/{token}/nonsense")).status_code

        return asyncio.run(ask())


def test_a_renewed_token_works_within_seconds_and_the_old_one_no_longer(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert (house.ping(), house.ping(SECOND)) == (400, 404)

    house.token.write_text(SECOND)
    house.seconds = 10.0

    assert (house.ping(), house.ping(SECOND)) == (404, 400)


def test_an_unreadable_token_grants_no_access(tmp_path: Path) -> None:
    house = House(tmp_path)
    house.token.unlink()

    assert house.ping() == 404


def test_a_new_version_in_force_brings_its_batches_at_once(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert house.ping() == 400

    house.works = {}

    assert house.ping() == 404


def test_a_ping_beyond_the_limit_per_minute_is_refused_until_the_minute_has_passed(tmp_path: Path) -> None:
    house = House(tmp_path)
    assert {house.ping() for _ in range(MOST_PER_MINUTE)} == {400}
    assert house.ping() == 429

    house.seconds = 59.9
    assert house.ping() == 429
    house.seconds = 60.0

    assert house.ping() == 400
