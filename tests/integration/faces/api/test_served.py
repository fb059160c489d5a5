"""The API of a real server: the manual's examples, and what stands around it."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest
from tests import asking
from tests.integration.faces.ingest.served import Served, serving
from tests.manual import BOTH, page

HOST = "https://toban.example.com"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("served")) as running:
        yield running


@pytest.fixture(scope="module")
def token(served: Served) -> str:
    return str(served.act("token", "aki"))


def examples(language: str) -> list[str]:
    """Return the commands of the manual's page, with times to come."""
    soon, later = datetime.now(UTC) + timedelta(hours=3), datetime.now(UTC) + timedelta(days=30)
    blocks = re.findall(r"^```sh\n(.*?)^```$", page(language, "api.md"), re.MULTILINE | re.DOTALL)
    text = "".join(blocks)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:]+Z", f"{soon:%Y-%m-%dT%H:%M:%SZ}", text)
    text = re.sub(r"(--until) \d{4}-\d\d-\d\d", rf"\1 {later:%Y-%m-%d}", text)
    return re.split(r"\n(?=curl|toban)", text.strip())


@BOTH
@pytest.mark.skipif(shutil.which("curl") is None, reason="needs curl")
def test_the_examples_in_the_manual_work(language: str, served: Served, token: str) -> None:
    for example in examples(language):
        own = example.replace(HOST, served.url).replace("--name ci", f"--name {language}")
        own = own.replace("deploy-4711", f"deploy-{language}")
        answer = _run(own, served, TOKEN=token)

        assert answer.returncode == 0, f"{own}\n{answer.stdout}\n{answer.stderr}"
        if example.startswith("toban"):
            status = asking.get(f"{served.url}/rest/v1/status", headers=_bearer(answer.stdout.strip()))
            assert status.status_code == 200
    assert len(examples(language)) == 5


def test_a_large_body_is_a_problem_before_anybody_reads_it(served: Served, token: str) -> None:
    with httpx.Client(base_url=served.url, headers=_bearer(token)) as client:
        answer = client.post("/rest/v1/runs", content=b" " * (256 * 1024 + 1))

    assert (answer.status_code, answer.headers["Content-Type"]) == (413, "application/problem+json")
    assert answer.json()["type"] == "urn:toban:problem:too-large"


def test_answers_may_not_be_run_by_browsers(served: Served) -> None:
    answer = asking.get(f"{served.url}/rest/v1/status")

    assert answer.status_code == 401
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
    assert "Set-Cookie" not in answer.headers


def test_a_token_is_in_no_log_and_in_no_file_of_the_home(served: Served, token: str) -> None:
    asking.get(f"{served.url}/rest/v1/status", headers=_bearer(token))

    found = [
        path for path in served.home.rglob("*") if path.is_file() and token.encode() in path.read_bytes()
    ]

    assert found == []


def _run(command: str, served: Served, **more: str) -> subprocess.CompletedProcess[str]:
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    own = {**served.environment, "PATH": programs, "NO_PROXY": "127.0.0.1", **more}
    return subprocess.run(
        ["/bin/sh", "-euc", command], env=own, capture_output=True, text=True, timeout=60, check=False
    )


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}
