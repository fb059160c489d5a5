"""The demo shop: its API on its real PostgreSQL, started like `toban up` does it."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import psutil
import psycopg
import pytest
from prometheus_client.parser import text_string_to_metric_families
from tests.ports import free_port

from toban.engine.supervision.readiness import serves

SHOP = Path(__file__).parents[3] / "examples" / "webshop"


@dataclass(frozen=True)
class Database:
    """The shop's running PostgreSQL."""

    url: str
    programs: Path
    process: psutil.Process


@contextmanager
def running(*arguments: str, ready: str, **environment: str) -> Iterator[psutil.Process]:
    """Run a part of the shop until it is ready, and stop it at the end."""
    process = subprocess.Popen(
        [sys.executable, "-m", *arguments],
        cwd=SHOP,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    while process.poll() is None and not serves(ready):
        time.sleep(0.1)
    yield psutil.Process(process.pid)
    process.send_signal(signal.SIGINT)
    process.wait()


def answers(url: str) -> bool:
    """Return whether the server accepts connections: it already listens while it starts up."""
    with suppress(psycopg.OperationalError), psycopg.connect(url):
        return True
    return False


@pytest.fixture(scope="module")
def database() -> Iterator[Database]:
    folder = Path(tempfile.mkdtemp(prefix="toban-shop-"))
    folder.chmod(0o711)  # as root the server runs under another account, which must be able to get there
    port = free_port()
    command = ["shop.db", "--place", str(folder / "db"), "--port", str(port)]
    environment = {"SHOP_DB_PASSWORD": "kokoro", "TMPDIR": str(folder)}
    with running(*command, ready=f"tcp://127.0.0.1:{port}", **environment) as server:
        url = f"postgresql://shop:kokoro@127.0.0.1:{port}/postgres"
        while not answers(url):
            time.sleep(0.1)
        yield Database(url, folder / "programs", server)
    shutil.rmtree(folder)


@pytest.fixture(scope="module")
def logs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the shop's logs."""
    return tmp_path_factory.mktemp("log")


@pytest.fixture(scope="module")
def client(database: Database, logs: Path) -> Iterator[httpx.Client]:
    url = f"http://127.0.0.1:{free_port()}"
    command = ["shop.api", "--port", url.rpartition(":")[2]]
    with (
        running(*command, ready=f"{url}/healthz", SHOP_DATABASE_URL=database.url, SHOP_LOGS=str(logs)),
        httpx.Client(base_url=url) as client,
    ):
        yield client


def test_the_server_never_runs_as_root(database: Database) -> None:
    assert database.process.name() == "postgres"
    assert database.process.uids().effective != 0


def test_the_server_supports_incremental_backups_and_restores_with_its_own_programs(
    database: Database,
) -> None:
    with psycopg.connect(database.url) as connection:
        (summarized,) = connection.execute("SHOW summarize_wal").fetchone() or ("",)

    said = subprocess.run([database.programs / "postgres", "--version"], capture_output=True, check=True)
    assert summarized == "on"
    assert b"(PostgreSQL) 18" in said.stdout


def test_a_wrong_password_is_refused(database: Database) -> None:
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        psycopg.connect(database.url.replace("kokoro", "wrong"))


def test_an_order_is_recorded_at_the_price_of_the_product(client: httpx.Client) -> None:
    first = client.get("/products").json()[0]

    order = client.post("/orders", json={"customer": 1, "product": first["id"], "quantity": 3})

    assert order.status_code == 201
    assert order.json()["amount_yen"] == 3 * first["price_yen"]
    assert client.get(f"/orders/{order.json()['id']}").json()["quantity"] == 3


def test_an_order_keeps_the_tax_rate_of_its_time(client: httpx.Client, database: Database) -> None:
    salt, towel = (
        client.post("/orders", json={"customer": 6, "product": each, "quantity": 1}) for each in (1, 6)
    )

    with psycopg.connect(database.url) as books:
        ids = [salt.json()["id"], towel.json()["id"]]
        rates = books.execute("SELECT tax_rate FROM orders WHERE id = ANY(%s) ORDER BY id", [ids]).fetchall()
    assert rates == [(8,), (10,)]


def test_a_new_shop_has_sales_in_the_months_before(client: httpx.Client, database: Database) -> None:
    with psycopg.connect(database.url) as books:
        found = books.execute(
            "SELECT count(DISTINCT date_trunc('month', ordered_at)), count(DISTINCT tax_rate)"
            " FROM orders JOIN customers ON customers.id = customer_id"
            " WHERE is_company AND ordered_at < date_trunc('month', now())"
        ).fetchone()
    assert found is not None
    assert found >= (3, 2)


@pytest.mark.parametrize(
    "wish",
    [
        {"customer": 1, "product": 999, "quantity": 1},
        {"customer": 999, "product": 1, "quantity": 1},
        {"customer": 1, "product": 1, "quantity": 21},
        {"customer": 1, "product": 1},
        {"customer": 1, "product": "salt", "quantity": 1},
        [],
    ],
)
def test_an_invalid_order_is_refused(client: httpx.Client, wish: object) -> None:
    assert client.post("/orders", json=wish).status_code == 422


def test_requests_are_counted_by_outcome_and_monitoring_probes_are_not(client: httpx.Client) -> None:
    def counted(code: int) -> float:
        line = f'http_requests_total{{code="{code}",method="GET"}} '
        found = [row for row in client.get("/metrics").text.splitlines() if row.startswith(line)]
        return float(found[0].removeprefix(line)) if found else 0.0

    before = counted(200), counted(404)
    client.get("/products")
    client.get("/orders/999999")
    client.get("/healthz")

    assert (counted(200), counted(404)) == (before[0] + 1, before[1] + 1)


def test_host_metrics_have_the_names_of_node_exporter(client: httpx.Client) -> None:
    families = text_string_to_metric_families(client.get("/metrics").text)
    values = {sample.name: sample.value for family in families for sample in family.samples}

    assert values["node_memory_MemTotal_bytes"] == psutil.virtual_memory().total
    assert values["node_boot_time_seconds"] == psutil.boot_time()
    assert values["node_cpu_seconds_total"] >= 0


def lines(logs: Path, name: str, request: str) -> list[dict[str, object]]:
    """Return the lines of the log *name* about one request."""
    (path,) = logs.glob(f"{name}.log.*")
    found = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [line for line in found if line["requestId"] == request]


def test_an_order_leaves_a_line_in_the_documents_format(client: httpx.Client, logs: Path) -> None:
    wish = {"customer": 1, "product": 1, "quantity": 2}

    order = client.post("/orders", json=wish, headers={"x-request-id": "req-one"}).json()

    (line,) = lines(logs, "app", "req-one")
    assert line.pop("timestamp")
    assert line == {
        "level": "INFO",
        "message": f"Order {order['id']} accepted: ¥1360",
        "userId": 1,
        "requestId": "req-one",
        "ip": "127.0.0.1",
        "service": "shop-api",
    }


def test_an_order_that_nobody_can_deliver_is_taken_and_its_error_logged_with_the_stack(
    client: httpx.Client, logs: Path
) -> None:
    wish = {"customer": 6, "product": 4, "quantity": 1}

    order = client.post("/orders", json=wish, headers={"x-request-id": "req-island"})

    assert (order.status_code, order.json()["days"]) == (201, None)
    (line,) = lines(logs, "error", "req-island")
    assert (line["level"], line["userId"]) == ("ERROR", 6)
    assert str(line["stack"]).endswith("KeyError: '907'")
    assert [each["level"] for each in lines(logs, "app", "req-island")] == ["INFO"]


def test_a_refused_order_is_a_warning(client: httpx.Client, logs: Path) -> None:
    wish = {"customer": 1, "product": 1, "quantity": 21}

    client.post("/orders", json=wish, headers={"x-request-id": "req-many"})

    assert [each["level"] for each in lines(logs, "app", "req-many")] == ["WARNING"]


def test_what_is_done_to_a_member_is_in_the_audit_log_only(client: httpx.Client, logs: Path) -> None:
    told = {"x-request-id": "req-letter"}

    done = client.put("/members/2/newsletter", json={"wanted": True}, headers=told)
    nobody = client.put("/members/999/newsletter", json={"wanted": True}, headers=told)

    assert (done.json(), nobody.status_code) == ({"id": 2, "newsletter": True}, 404)
    assert [each["userId"] for each in lines(logs, "audit", "req-letter")] == [2]
    assert lines(logs, "app", "req-letter") == []
