"""Text that PostgreSQL refuses, in addresses and forms: the answer is an answer, not an error."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests.integration.faces.ingest.served import Served, serving

pytestmark = pytest.mark.slow


@pytest.fixture
def developer(postgres: dict[str, str], tmp_path: Path) -> Iterator[httpx.Client]:
    home = tmp_path / "home"
    home.mkdir()
    state = {name: value for name, value in postgres.items() if name in {"TOBAN_STATE_URL", "PGHOST"}}
    with serving(home, state=state) as served, _signed_in(served) as client:
        yield client


def _signed_in(served: Served) -> httpx.Client:
    cookies = {"sessionid": str(served.act("session", "ren", "developer"))}
    return httpx.Client(base_url=served.url, cookies=cookies, timeout=30, trust_env=False)


def _posted(client: httpx.Client, path: str, **form: str) -> int:
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(path).text)
    assert token is not None
    return client.post(path, data={"csrfmiddlewaretoken": token[1], **form}).status_code


def test_nul_in_addresses_and_forms_is_no_error_of_the_server(developer: httpx.Client) -> None:
    assert developer.get("/batches/a%00b").status_code == 404
    assert _posted(developer, "/exceptions/", row="a\0b", reason="x", until="2199-01-01T00:00") == 409
    assert _posted(developer, "/incidents/declare", title="注文できない") == 302
    assert _posted(developer, "/incidents/1", act="people", commander="a\0b", scribe="") == 409
    until = (datetime.now(UTC) + timedelta(hours=2)).isoformat()
    assert _posted(developer, "/alerts/silences", target="a\0b", reason="c\0d", until=until) == 302
    for address in ("/changes/?by=a%00b&about=a%00b", "/duty/?role=%00", "/logs/?q=%00", "/tasks/?x=%00"):
        assert developer.get(address).status_code == 200
