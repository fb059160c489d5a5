"""RDS endpoints: moto's server, and one whose answers a test chooses."""

import threading
from collections.abc import Callable, Iterator, Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import pytest
from tests.integration.buckets import ACCESS_KEY, SECRET_KEY
from tests.integration.chapters.backup.engines import grounds
from tests.integration.chapters.backup.engines.grounds import REGION
from tests.integration.moto import moto_server
from tests.ports import free_port

from toban.chapters.backup.engines.rds import KIND
from toban.chapters.backup.engines.rds.engine import Rds

type EngineAt = Callable[..., Rds]
type Answer = tuple[int, str]


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of moto's server."""
    with moto_server(tmp_path_factory.mktemp("moto")) as url:
        yield url


@pytest.fixture
def rds(moto: str) -> Any:
    """A client with an operator's rights."""
    return grounds.rds_client(moto)


@pytest.fixture
def instance(rds: Any) -> str:
    """The name of a new instance."""
    name = f"shop{free_port()}"
    grounds.make_instance(rds, name)
    return name


@pytest.fixture
def engine_at(monkeypatch: pytest.MonkeyPatch) -> EngineAt:
    """Builds engines; the given keys override those of the config."""
    monkeypatch.setenv("RDS_ACCESS", ACCESS_KEY)
    monkeypatch.setenv("RDS_SECRET", SECRET_KEY)

    def make(url: str, instance: str, **keys: object) -> Rds:
        config = {
            "instance": instance,
            "region": REGION,
            "access_key": "env:RDS_ACCESS",
            "secret_key": "env:RDS_SECRET",
            "endpoint_url": url,
            **keys,
        }
        return Rds("PostgreSQL", KIND.config.model_validate(config), None, poll=0.0)  # type: ignore[arg-type]

    return make


class _Handler(BaseHTTPRequestHandler):
    server: "Scripted"

    def do_POST(self) -> None:
        asked = parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        action = asked["Action"][0]
        self.server.asked.append(action)
        status, body = self.server.next_answer(action)
        content = body.encode()
        self.send_response(status)
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(
        self,
        format: str,  # noqa: A002 - the base class's own name
        *args: object,
    ) -> None:
        """Write no log."""


class Scripted(ThreadingHTTPServer):
    """An RDS that answers each action from its list and repeats the last answer."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []
        self.answers: dict[str, Sequence[Answer]] = {}

    def next_answer(self, action: str) -> Answer:
        first, *rest = self.answers[action]
        self.answers[action] = rest or [first]
        return first

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@pytest.fixture
def scripted() -> Iterator[Scripted]:
    server = Scripted()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def fault(code: str, status: int = 400) -> Answer:
    body = f"<ErrorResponse><Error><Code>{code}</Code><Message>said so</Message></Error></ErrorResponse>"
    return status, body


def snapshot(status: str, percent: int) -> Answer:
    fields = {
        "DBSnapshotIdentifier": "toban-shop-20261125t020000z-full",
        "DBInstanceIdentifier": "shop",
        "DBSnapshotArn": "arn:aws:rds:ap-northeast-1:1:snapshot:toban-shop-20261125t020000z-full",
        "Status": status,
        "PercentProgress": str(percent),
        "AllocatedStorage": "20",
        "Engine": "postgres",
        "EngineVersion": "17.4",
        "SnapshotCreateTime": "2026-11-25T02:03:00.000Z",
        "SnapshotDatabaseTime": "2026-11-25T02:00:59.000Z",
        "DbiResourceId": "db-ABC",
    }
    inside = "".join(f"<{name}>{value}</{name}>" for name, value in fields.items())
    return 200, (
        "<DescribeDBSnapshotsResponse><DescribeDBSnapshotsResult><DBSnapshots><DBSnapshot>"
        f"{inside}</DBSnapshot></DBSnapshots></DescribeDBSnapshotsResult></DescribeDBSnapshotsResponse>"
    )


_CREATED = """\
<CreateDBSnapshotResponse>
  <CreateDBSnapshotResult><DBSnapshot/></CreateDBSnapshotResult>
</CreateDBSnapshotResponse>
"""
CREATED: Answer = (200, _CREATED)
