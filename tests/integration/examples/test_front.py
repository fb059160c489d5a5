"""The shop's front: its versions in a repository over HTTP, and how each of them serves."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import override

import httpx
import psutil
import pytest
from shop import history, opening, web
from shop.repository import RepositoryServer
from tests.ports import free_port

from toban.chapters.logs.formats import access
from toban.chapters.release.running.packing import pack
from toban.chapters.release.source import ProofKind
from toban.chapters.release.sources import git as git_source
from toban.chapters.release.sources.git.config import GitSourceConfig
from toban.engine.supervision.readiness import serves

SHOP = Path(__file__).parents[3] / "examples" / "webshop"
GOODS = [{"id": 1, "name": "塩 <島>", "price_yen": 680}, {"id": 2, "name": "手ぬぐい", "price_yen": 980}]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The repository as the demo makes it."""
    if shutil.which("git") is None:
        pytest.skip("needs git (Debian: apt-get install git)")
    path = tmp_path_factory.mktemp("git") / "shop.git"
    history.make(path)
    return path


class _Api(BaseHTTPRequestHandler):
    """The shop's API, as far as the front asks it."""

    def do_GET(self) -> None:
        found = {"/products": GOODS, "/orders/7": {"id": 7, "amount_yen": 4800}}.get(self.path)
        self.send_response(200 if found else 404)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def do_POST(self) -> None:
        wish = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.send_response(201)
        self.end_headers()
        self.wfile.write(json.dumps({"id": 7, "amount_yen": 4800, "wish": wish}).encode())

    @override
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(server: ThreadingHTTPServer) -> Iterator[int]:
    """Run a server while the test needs it; yields its port."""
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield server.server_address[1]
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def front(tree: Path, **environment: str) -> Iterator[httpx.Client]:
    """Run an instance of the version in *tree*, with an API unless *environment* names another."""
    with serving(ThreadingHTTPServer(("127.0.0.1", 0), _Api)) as api:
        port = free_port()
        process = subprocess.Popen(
            [sys.executable, "-E", "-S", "front.py", str(port)],
            cwd=tree,
            env={**os.environ, "SHOP_API_URL": f"http://127.0.0.1:{api}", **environment},
        )
        try:
            while not serves(f"http://127.0.0.1:{port}/version"):
                assert process.poll() is None
                time.sleep(0.05)
            with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
                yield client
        finally:
            process.terminate()
            process.wait()


def checked_out(repository: Path, version: str, into: Path) -> Path:
    """Bring the tree of *version*."""
    command = ["clone", "--quiet", "--branch", version, str(repository), str(into)]
    subprocess.run([shutil.which("git") or "git", *command], check=True, capture_output=True)
    return into


@pytest.mark.parametrize("version", ["v1.0.0", "v1.1.0", "v1.2.0"])
def test_every_version_passes_its_own_check(repository: Path, version: str, tmp_path: Path) -> None:
    tree = checked_out(repository, version, tmp_path / "tree")

    done = subprocess.run([sys.executable, "-E", "-S", "check.py"], cwd=tree, check=False)

    assert done.returncode == 0


def test_the_history_is_the_same_wherever_it_is_made(repository: Path, tmp_path: Path) -> None:
    history.make(tmp_path / "again.git")
    history.make(tmp_path / "again.git")

    commits = [
        subprocess.run(
            [shutil.which("git") or "git", "-C", each, "rev-parse", "v1.0.0", "v1.1.0", "v1.2.0"],
            capture_output=True,
            check=True,
        ).stdout
        for each in (repository, tmp_path / "again.git")
    ]
    assert commits[0] == commits[1]


def test_toban_finds_reviewed_versions_over_http_and_packs_what_the_shop_began_with(
    repository: Path, tmp_path: Path
) -> None:
    with serving(RepositoryServer(repository.parent, 0)) as port:
        config = GitSourceConfig(url=f"http://127.0.0.1:{port}/shop.git")
        source = git_source.KIND.open(config, tmp_path / "source")
        heads = {each.name for each in source.fetch()}
        first = source.resolve("v1.0.0")
        (tmp_path / "tree").mkdir()
        source.export(first, tmp_path / "tree")
        proofs = {each.kind: each.is_given for each in source.proofs(source.resolve("v1.2.0"))}

    (tmp_path / "own").mkdir()
    began = opening.packed(repository, tmp_path / "own")
    assert heads == {"main", "recommendation", "visits"}
    assert (began.commit, began.digest) == (first, pack(tmp_path / "tree", tmp_path / "toban.tar"))
    with tarfile.open(tmp_path / "toban.tar") as packed:
        assert packed.getnames() == ["check.py", "front.py", "pages.py", "reports.py"]
    assert proofs[ProofKind.REVIEW] is True


def test_customers_see_what_is_for_sale_and_buy(repository: Path, tmp_path: Path) -> None:
    logs = tmp_path / "log"
    logs.mkdir()
    with front(checked_out(repository, "v1.1.0", tmp_path / "tree"), SHOP_LOGS=str(logs)) as client:
        shelves = client.get("/")
        bought = client.post("/buy/2")
        order = client.get(bought.headers["location"])
        figures = client.get("/metrics").text

    assert "塩 &lt;島&gt; ¥680" in shelves.text
    assert "本日のおすすめ" in shelves.text
    assert (bought.status_code, order.status_code) == (303, 200)
    assert "¥4,800" in order.text
    assert 'http_requests_total{method="GET",code="200"} 2\n' in figures
    assert f"node_memory_MemTotal_bytes {psutil.virtual_memory().total}\n" in figures
    logged = next(logs.glob("access.log.*")).read_text(encoding="utf-8")
    assert '"POST /buy/2 HTTP/1.1" 303' in logged
    found = [access.request(line) or {} for line in logged.splitlines()]
    assert [(each["method"], each["path"], each["status"]) for each in found] == [
        ("GET", "/", 200), ("POST", "/buy/2", 303), ("GET", "/orders/7", 200)
    ]  # fmt: skip
    assert all(0 <= float(str(each["request_time"])) < 5 for each in found)


def test_customers_get_an_honest_answer_while_the_api_is_away(repository: Path, tmp_path: Path) -> None:
    tree, logs = checked_out(repository, "v1.0.0", tmp_path / "tree"), tmp_path / "log"
    logs.mkdir()
    with front(tree, SHOP_API_URL=f"http://127.0.0.1:{free_port()}", SHOP_LOGS=str(logs)) as client:
        shelves, health = client.get("/"), client.get("/healthz")

    assert (shelves.status_code, health.status_code) == (503, 200)
    assert "ただいま注文を受けられません" in shelves.text
    line = json.loads(next(logs.glob("error.log.*")).read_text(encoding="utf-8"))
    assert (line["level"], line["message"]) == ("ERROR", "GET /: the API does not answer")
    assert "Connection refused" in line["stack"]


def test_the_bad_version_works_until_customers_have_come(repository: Path, tmp_path: Path) -> None:
    with front(checked_out(repository, "v1.2.0", tmp_path / "tree")) as client:
        before = client.get("/healthz").status_code
        answers = [client.get("/").status_code for _ in range(31)]
        after = client.get("/healthz").status_code

    assert (before, answers[0], answers[-1], after) == (200, 200, 500, 500)


def test_instances_end_when_the_shops_machine_is_switched_off(repository: Path, tmp_path: Path) -> None:
    lock = tmp_path / "lock"
    tree = checked_out(repository, "v1.0.0", tmp_path / "tree")
    held = web.hold(lock)
    try:
        with front(tree, SHOP_LOCK=str(lock)) as client:
            time.sleep(1.5)
            while_on = client.get("/healthz").status_code
            os.close(held)
            held = -1
            ended = time.monotonic() + 10
            while time.monotonic() < ended and serves(f"{client.base_url}/version"):
                time.sleep(0.1)
            assert not serves(f"{client.base_url}/version")
    finally:
        if held >= 0:
            os.close(held)

    assert while_on == 200


def test_caddy_accepts_the_shops_configuration(tmp_path: Path) -> None:
    ports = {name: free_port() for name in (*web.ENVIRONMENTS, *web.INSTANCES, "caddy")}
    written = tmp_path / "caddy.json"
    written.write_text(json.dumps(web.caddy_configuration(tmp_path, ports)), encoding="utf-8")

    done = subprocess.run(
        [web.installed_caddy(), "validate", "--config", written],
        env={**os.environ, "HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
