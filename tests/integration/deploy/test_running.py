"""The commands of compose.yaml, in its order, in an empty folder and on an empty PostgreSQL."""

import json
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest
import yaml
from tests import asking
from tests.forking import Python, run
from tests.integration.faces.ingest.served import DOCUMENT
from tests.ports import free_port

DEPLOY = Path(__file__).parents[3] / "deploy"


def until(question: Callable[[], object]) -> None:
    for _ in range(600):
        if question():
            return
        time.sleep(0.1)
    pytest.fail("not within a minute")


def is_healthy(url: str) -> bool:
    try:
        return asking.get(f"{url}/healthz").is_success
    except httpx.TransportError:
        return False


def test_the_processes_of_compose_run_together_and_stop_as_asked(
    postgres: dict[str, str], tmp_path: Path
) -> None:
    services = yaml.safe_load((DEPLOY / "containers/compose.yaml").read_text(encoding="utf-8"))["services"]
    store, port = free_port(), free_port()
    admins = "postgresql://postgres@/postgres"
    with psycopg.connect(admins, host=postgres["PGHOST"], autocommit=True) as admin:
        admin.execute("CREATE DATABASE toban")
    (tmp_path / "運用設計書.md").write_text(DOCUMENT, encoding="utf-8")
    (tmp_path / "toban.toml").touch()
    (tmp_path / "secret-key").write_text("of this test alone, and long enough to sign with\n")
    home = tmp_path / "home"
    home.mkdir()
    environment = {
        **os.environ,
        "PGHOST": postgres["PGHOST"],
        "TOBAN_HOME": str(home),
        "TOBAN_DESIGN": str(tmp_path / "運用設計書.md"),
        "TOBAN_BINDINGS": str(tmp_path / "toban.toml"),
        "TOBAN_STATE_URL": "postgresql://postgres@/toban",
        "TOBAN_STORE_SECRET": "of-this-test",
        "TOBAN_TELEMETRY_URL": f"http://toban:of-this-test@127.0.0.1:{store}/toban",
        "TOBAN_SECRET_KEY": f"file:{tmp_path / 'secret-key'}",
    }
    here = {"/var/lib/toban/telemetry": str(home / "telemetry"), "8301": str(store), "8300": str(port)}
    here["0.0.0.0"] = "127.0.0.1"  # noqa: S104 - that of the container

    def command(name: str) -> list[Any]:
        return ["-m", "toban", *(here.get(word, word) for word in services[name]["command"])]

    run(command("prepare"), env=environment, check=True)
    processes = [Python(command(name), env=environment) for name in ("store", "worker", "serve")]
    try:
        until(lambda: is_healthy(f"http://127.0.0.1:{port}"))

        def shown() -> dict[str, Any]:
            told = run(["-m", "toban", "status", "--format", "json"], env=environment)
            found: dict[str, Any] = json.loads(told.stdout) if told.returncode == 0 else {"nodes": []}
            return found

        until(lambda: [each["program"] for each in shown()["nodes"]] == ["serve", "worker"])
        found = shown()
        assert (found["node_findings"], {each["is_gone"] for each in found["nodes"]}) == ([], {False})
        assert asking.get(f"http://127.0.0.1:{store}/ping").is_success
    finally:
        for each in reversed(processes):
            each.send_signal(signal.SIGTERM)
        ended = [each.wait(timeout=60) for each in processes]
    assert ended == [0, 0, -signal.SIGTERM]
