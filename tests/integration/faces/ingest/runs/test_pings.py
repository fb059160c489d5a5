"""Ping URLs of a real server, with the requests that cron jobs and Healthchecks clients send."""

import json
import shutil
import socket
import sqlite3
import subprocess
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests import asking
from tests.forking import Python, run
from tests.integration.faces.ingest.served import Served, serving

pytestmark = pytest.mark.slow

TOKEN = "5bf66975-d4c7-4bf5-bcc8-b8d8a82ea278"
RID = "728b3763-ea80-4113-9fc0-f08b4e0c4f70"
BATCHES = ("B001", "B002", "B003", "B004", "B005", "B006", "B007", "B008")
ROWS = "\n".join(f"| {key} | 外の処理{key} | 1時間毎 | - | 外の cron | アラート |" for key in BATCHES)
DOCUMENT = f"""# 運用設計書
## 6. バッチ処理
### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
{ROWS}
"""


def token(key: str) -> str:
    return f"{key}-{TOKEN}"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home = tmp_path_factory.mktemp("pinged")
    tables = []
    for key in BATCHES:
        (home / key).write_text(token(key))
        (home / key).chmod(0o600)
        tables.append(f'[batches.{key}]\nkind = "ping"\ntoken = "file:{key}"\ngrace = "30分"\n')
    with serving(home, DOCUMENT, "\n".join(tables)) as running:
        yield running


@pytest.fixture(scope="module")
def client(served: Served) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=f"{served.url}/ping", trust_env=False) as made:
        yield made


def runs(served: Served, key: str) -> list[dict[str, Any]]:
    done = run(["-m", "toban", "runs", "--work", key, "--format", "json"], env=served.environment, check=True)
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def test_a_start_and_a_success_are_answered_as_healthchecks_does(
    served: Served, client: httpx.Client
) -> None:
    start = client.get(f"/{token('B001')}/start", params={"rid": RID})
    end = client.post(f"/{token('B001')}", params={"rid": RID}, content="3 件".encode())

    for answer in (start, end):
        assert (answer.status_code, answer.text) == (200, "OK")
        assert answer.headers["content-type"] == "text/plain; charset=utf-8"
        assert answer.headers["ping-body-limit"] == "10000"
    assert [run["state"] for run in runs(served, "B001")] == ["done"]


@pytest.mark.parametrize("method", ["HEAD", "GET", "POST"])
def test_get_head_and_post_all_count_as_a_ping(client: httpx.Client, method: str) -> None:
    answer = client.request(method, f"/{token('B002')}")

    assert answer.status_code == 200
    assert answer.text == ("" if method == "HEAD" else "OK")


def test_other_methods_are_refused(client: httpx.Client) -> None:
    assert client.put(f"/{token('B002')}").status_code == 405


@pytest.mark.parametrize(("status", "state"), [(0, "done"), (1, "failed"), (255, "failed")])
def test_an_exit_status_is_a_success_or_a_failure(
    served: Served, client: httpx.Client, status: int, state: str
) -> None:
    client.get(f"/{token('B003')}/start")

    assert client.get(f"/{token('B003')}/{status}").text == "OK"

    assert runs(served, "B003")[0]["state"] == state


@pytest.mark.parametrize("word", ["256", "-1", "1.5", "finish", "START", "１"])
def test_an_unknown_ping_word_is_refused(client: httpx.Client, word: str) -> None:
    answer = client.get(f"/{token('B004')}/{word}")

    assert (answer.status_code, answer.text) == (400, "invalid url format")


def test_an_invalid_run_id_is_refused(client: httpx.Client) -> None:
    answer = client.get(f"/{token('B004')}", params={"rid": "tonight"})

    assert (answer.status_code, answer.text) == (400, "invalid uuid format")


@pytest.mark.parametrize("unknown", [TOKEN, token("B001")[:-1], token("B001") + "0", "%00", "あ"])
def test_an_unknown_token_is_not_found_and_creates_nothing(client: httpx.Client, unknown: str) -> None:
    answer = client.get(f"/{unknown}", params={"create": "1"})

    assert (answer.status_code, answer.text) == (404, "not found")


def test_a_failure_includes_its_last_output_and_the_body_is_bounded(
    served: Served, client: httpx.Client
) -> None:
    body = b"x" * 9_990 + b"\nfull disk" + b"\nnobody reads this\xff" * 10_000

    assert client.post(f"/{token('B005')}/fail", content=body).text == "OK"

    assert runs(served, "B005")[0]["note"]["text"] == "失敗が報告されました: full disk"


def test_an_endless_body_is_refused_and_the_run_is_unchanged(served: Served, client: httpx.Client) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(40):
            yield b"x" * 65_536

    answer = client.post(f"/{token('B006')}", content=endless())

    assert (answer.status_code, answer.headers["connection"]) == (413, "close")
    assert runs(served, "B006") == []


def test_too_many_pings_are_refused_per_batch(client: httpx.Client) -> None:
    answers = [client.get(f"/{token('B007')}").status_code for _ in range(61)]

    assert answers == [200] * 60 + [429]
    assert client.get(f"/{token('B008')}").status_code == 200


def test_a_typical_curl_command_from_a_crontab_works(served: Served) -> None:
    shell = shutil.which("sh")
    if shell is None or shutil.which("curl") is None:
        pytest.skip("needs sh and curl")
    url = f"{served.url}/ping/{token('B008')}"
    line = (
        f'(echo made 12; exit 7) 2>&1 | curl -fsS -m 10 --retry 5 -o /dev/null --data-binary @- "{url}/fail"'
    )

    done = subprocess.run([shell, "-c", line], check=False, capture_output=True, text=True)

    assert (done.returncode, done.stderr) == (0, "")
    assert runs(served, "B008")[0]["note"]["text"] == "失敗が報告されました: made 12"


def test_no_token_is_ever_logged(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "B001").write_text(token("B001"))
    (tmp_path / "B001").chmod(0o600)
    bindings = '[batches.B001]\nkind = "ping"\ntoken = "file:B001"\n'
    with serving(tmp_path, DOCUMENT, bindings) as served:
        for path in ("", "/start", "/nonsense", "/7?rid=none"):
            asking.get(f"{served.url}/ping/{token('B001')}{path}")
        # The server itself reports a request line that is not HTTP.
        with socket.create_connection(("127.0.0.1", served.port)) as raw:
            raw.sendall(f"GET /ping/{token('B001')}\0 HTTP/9.9\r\n\r\n".encode())
            raw.recv(1000)

    said = capfd.readouterr()
    assert TOKEN not in said.out + said.err


def test_a_worker_shows_what_was_reported_to_the_server(tmp_path: Path) -> None:
    (tmp_path / "B001").write_text(token("B001"))
    (tmp_path / "B001").chmod(0o600)
    bindings = '[batches.B001]\nkind = "ping"\ntoken = "file:B001"\n'
    with serving(tmp_path, DOCUMENT, bindings) as served:
        asking.get(f"{served.url}/ping/{token('B001')}/start")
        asking.get(f"{served.url}/ping/{token('B001')}/7")
        worker = Python(["-m", "toban", "worker"], env=served.environment, stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 60
            while verdict(served, "B001") != "deviating" and time.monotonic() < until:
                time.sleep(0.2)
            assert verdict(served, "B001") == "deviating"
        finally:
            worker.terminate()
            worker.wait(timeout=20)
        assert [run["note"]["text"] for run in runs(served, "B001")] == ["終了コード 7 が報告されました"]


def verdict(served: Served, key: str) -> str:
    """Return the status of a batch that the page shows."""
    with closing(sqlite3.connect(served.home / "state.sqlite3")) as state:
        sql = "SELECT verdict FROM evidence_clausestatus WHERE clause_id = ?"
        found = state.execute(sql, [f"batch/batch/{key}"]).fetchone()
    return str(found[0]) if found else ""
