"""`/metrics` of a real server."""

from collections.abc import Iterator

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families
from tests import asking
from tests.integration.faces.ingest.served import Served, serving

TOKEN = "a-token-for-scrapes"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("scraped")
    (home / "metrics-token").write_text(TOKEN)
    with serving(home) as running:
        yield running


def scrape(
    served: Served, token: str = TOKEN, accept: str = "application/openmetrics-text"
) -> httpx.Response:
    headers = {"authorization": f"Bearer {token}", "accept": accept}
    return asking.get(f"{served.url}/metrics", headers=headers)


def test_tobans_own_metrics_are_openmetrics(served: Served) -> None:
    reply = scrape(served)

    assert reply.status_code == 200
    assert reply.headers["content-type"].startswith("application/openmetrics-text")
    read = text_string_to_metric_families(reply.text)  # type: ignore[no-untyped-call]
    families = {family.name for family in read}
    assert {"toban_clauses", "toban_alerts_open", "toban_notices_waiting", "toban_runs_open"} <= families


def test_prometheus_text_is_returned_on_request(served: Served) -> None:
    reply = scrape(served, accept="text/plain;version=0.0.4")

    assert reply.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("token", ["", "another", "トークン"])
def test_without_the_token_no_metrics_are_returned(served: Served, token: str) -> None:
    headers = [(b"authorization", f"Bearer {token}".strip().encode())]

    reply = asking.get(f"{served.url}/metrics", headers=headers)

    assert reply.status_code == 401
    assert "toban_" not in reply.text
