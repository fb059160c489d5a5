"""Requests that arrive at the same moment at two servers with one state database, each kind of it."""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier

import httpx
import pytest
from tests import asking
from tests.integration.faces.ingest.served import serving

pytestmark = pytest.mark.slow

AT_ONCE = 8
TIMES = 5


@dataclass
class TwoServers:
    """Two servers, and a token for both."""

    urls: tuple[str, str]
    token: str

    def post(self, path: str, bodies: list[object], key: str = "") -> list[httpx.Response]:
        """Send all *bodies* at the same moment, to both servers."""
        ready = Barrier(len(bodies))

        def send(number: int) -> httpx.Response:
            own = {"Authorization": f"Bearer {self.token}", **({"Idempotency-Key": key} if key else {})}
            with httpx.Client(base_url=self.urls[number % 2], headers=own, timeout=60) as client:
                ready.wait()
                return client.post(f"/rest/v1{path}", json=bodies[number])

        with ThreadPoolExecutor(len(bodies)) as pool:
            return list(pool.map(send, range(len(bodies))))

    def count(self, path: str) -> int:
        """Return how many items a list has."""
        answer = asking.get(
            f"{self.urls[0]}/rest/v1{path}", headers={"Authorization": f"Bearer {self.token}"}
        )
        return len(answer.json()["items"])


@pytest.fixture(params=["sqlite", "postgres"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwoServers]:
    state = request.getfixturevalue(request.param)
    own = {name: value for name, value in state.items() if name in {"TOBAN_STATE_URL", "PGHOST"}}
    homes = [tmp_path / name for name in ("one", "two")]
    for home in homes:
        home.mkdir()
    with serving(homes[0], state=own) as one, serving(homes[1], state=own) as two:
        token = one.act("token", "aki")
        one.act("plan", "B004")
        yield TwoServers((one.url, two.url), token)


def test_one_key_orders_one_run(servers: TwoServers) -> None:
    for number in range(5):
        answers = servers.post("/runs", [{"work": "B004"}] * AT_ONCE, key=f"deploy-{number}")

        assert {each.status_code for each in answers} == {201}, [each.text for each in answers]
        assert len({each.json()["run"] for each in answers}) == 1
    assert servers.count("/runs") == 5


def test_one_key_with_several_requests_is_the_first_ones(servers: TwoServers) -> None:
    bodies: list[object] = [{"work": "B004", "parameters": {"n": str(each)}} for each in range(AT_ONCE)]

    answers = servers.post("/runs", bodies, key="deploy")

    assert Counter(each.status_code for each in answers) == {201: 1, 422: AT_ONCE - 1}
    assert servers.count("/runs") == 1


@pytest.mark.parametrize(
    ("at", "named", "wanted"),
    [("/silences", "silence", {"matchers": {"target": "DB"}}), ("/maintenance", "maintenance", {})],
    ids=["silence", "maintenance"],
)
def test_without_a_key_an_order_that_is_done_is_not_possible_again(
    servers: TwoServers, at: str, named: str, wanted: dict[str, object]
) -> None:
    ends_at = (datetime.now(UTC) + timedelta(hours=1)).isoformat()
    for _ in range(TIMES):
        [made] = servers.post(at, [{**wanted, "reason": "r", "ends_at": ends_at}])

        answers = servers.post(f"{at}/{made.json()[named]}/end", [{}] * AT_ONCE)

        assert Counter(each.status_code for each in answers) == {200: 1, 409: AT_ONCE - 1}
