"""`toban agent --inventory` and pipelines with a real server: what is installed arrives."""

import gzip
import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.forking import run
from tests.integration.faces.ingest.served import DOCUMENT, Served, serving

TOKEN = "inventory-token-of-this-test"
BINDINGS = """
[senders.web-1]
token = "file:token"
may = ["inventory"]

[senders.logs]
token = "file:other"
may = ["logs"]
"""
BILL = {
    "bomFormat": "CycloneDX",
    "metadata": {"timestamp": "2026-11-20T00:00:00Z"},
    "components": [{"purl": "pkg:pypi/lib@1.0"}],
}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("served")
    for name, token in (("token", TOKEN), ("other", "another-token-of-this-test")):
        (home / name).write_text(token)
        (home / name).chmod(0o600)
    with serving(home, DOCUMENT, BINDINGS) as running:
        yield running


def agent(served: Served, folder: Path, *more: str) -> tuple[int, str]:
    done = run(
        ["-m", "toban", "agent", "--url", served.url, "--no-metrics", "--once",
         "--spool", folder / "spool", *more],
        env={**os.environ, "TOBAN_AGENT_TOKEN": TOKEN, "NO_PROXY": "127.0.0.1"},
    )  # fmt: skip
    return done.returncode, f"{done.stdout}{done.stderr}"


def lists(served: Served) -> Mapping[str, tuple[list[list[str]], str]]:
    with closing(sqlite3.connect(served.home / "state.sqlite3")) as state:
        rows = state.execute("SELECT sender, name, packages, taken_at FROM vulnerabilities_pushedlist")
        return {f"{sender}/{name}": (json.loads(packages), at) for sender, name, packages, at in rows}


def push(served: Served, name: str, content: bytes, token: str = TOKEN, **headers: str) -> httpx.Response:
    return httpx.post(
        f"{served.url}/ingest/inventory/{name}",
        content=content,
        headers={"authorization": f"Bearer {token}", **headers},
    )


@pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="needs dpkg")
def test_the_agent_sends_the_host_a_lock_file_and_an_environment(served: Served, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("lib==1.0\n")

    status, said = agent(
        served, tmp_path, "--inventory", "web-1", "--inventory", f"shop={lock}",
        "--inventory", f"venv={sys.prefix}",
    )  # fmt: skip

    found = lists(served)
    assert status == 0, said
    assert len(found["web-1/web-1"][0]) > 50
    assert found["web-1/shop"][0] == [["PyPI", "lib", "1.0", ""]]
    assert ["PyPI", "pytest", pytest.__version__, ""] in found["web-1/venv"][0]


def test_what_can_not_be_read_is_said_and_the_rest_is_sent(served: Served, tmp_path: Path) -> None:
    lock = tmp_path / "requirements.txt"
    lock.write_text("lib==2.0\n")

    status, said = agent(
        served, tmp_path, "--inventory", f"gone={tmp_path / 'none.txt'}", "--inventory", f"here={lock}"
    )

    assert status == 1
    assert "none.txt" in said
    assert lists(served)["web-1/here"][0] == [["PyPI", "lib", "2.0", ""]]


def test_a_list_without_a_name_is_refused(served: Served, tmp_path: Path) -> None:
    assert agent(served, tmp_path, "--inventory", "=/srv")[0] == 2


def test_a_pipeline_pushes_a_bill_of_materials(served: Served) -> None:
    plain = push(served, "image", json.dumps(BILL).encode())
    packed = push(served, "packed", gzip.compress(json.dumps(BILL).encode()), **{"content-encoding": "gzip"})

    assert (plain.status_code, packed.status_code) == (204, 204)
    packages, taken_at = lists(served)["web-1/image"]
    assert packages == [["PyPI", "lib", "1.0", ""]]
    assert taken_at.startswith("2026-11-20 00:00:00")


@pytest.mark.parametrize(
    ("name", "content", "more", "status"),
    [
        ("image", b"{}", {"token": "another-token-of-this-test"}, 401),
        ("image", b"{}", {"token": "wrong"}, 401),
        ("image", b"{}", {}, 400),
        ("image", b"[" * 100_000, {}, 400),
        ("a%20name", b"{}", {}, 400),
        ("image", b"x", {"content-encoding": "gzip"}, 400),
        ("image", b" " * (16 * 1024 * 1024 + 1), {}, 413),
        ("image", gzip.compress(b" " * (64 * 1024 * 1024)), {"content-encoding": "gzip"}, 413),
    ],
    ids=["other", "wrong", "empty", "deep", "name", "packed", "large", "bomb"],
)
def test_anything_else_is_refused_and_the_list_stays(
    served: Served, name: str, content: bytes, more: dict[str, Any], status: int
) -> None:
    push(served, "image", json.dumps(BILL).encode())

    answer = push(served, name, content, **more)

    assert answer.status_code == status, answer.text
    assert lists(served)["web-1/image"][0] == [["PyPI", "lib", "1.0", ""]]
