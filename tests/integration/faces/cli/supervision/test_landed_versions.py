"""The state of every version that people may have is upgraded whole."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any

import psycopg
import pyrage
import pytest
from tests.e2e.running import wait_for
from tests.forking import run
from tests.integration.chapters.backup import postgres18
from tests.integration.chapters.backup.postgres18 import Cluster
from tests.integration.faces.cli.backup.test_backup_worker import BINDINGS as STORED
from tests.integration.faces.cli.backup.test_backup_worker import DOCUMENT as BACKED_UP
from tests.integration.faces.ingest.served import DOCUMENT

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[5]
LEAVES = Path(__file__).with_name("landed.py")
NOON = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=UTC)
CPU = "monitoring/monitor/Web/CPU使用率/web-1"
KEPT = """
from toban.engine.notify.models import Alert
from toban.engine.people.models import Operator
from toban.engine.runs.models import Run
from toban.chapters.backup.models import Backup
[run] = Run.objects.all()
print(*Operator.objects.values_list("username", flat=True))
print(*Alert.objects.filter(resolved_at=None).values_list("key", flat=True))
print(run.due_at.isoformat(), run.state, run.note)
print(*Backup.objects.values_list("label", flat=True))
"""

APPENDS = """
from datetime import UTC, datetime
from toban.engine.evidence import ledger
from toban.engine.evidence.models import LedgerEntry
later = datetime(2026, 11, 26, tzinfo=UTC)
ledger.append(ledger.Record(LedgerEntry.Kind.VERDICT, {"since": "then"}), now=later)
"""
SINCE = f"import django; django.setup()\n{APPENDS}"
"""What happens after the upgrade, and is given up by going back."""
SAMPLES = """
import sys
from datetime import UTC, datetime, timedelta
from toban.design.values.metric import Metric
from toban.engine.telemetry.samples import Sample
from toban.engine.telemetry.store import Telemetry
noon, minute = datetime(2026, 11, 25, 12, tzinfo=UTC), timedelta(minutes=1)
store = Telemetry(sys.argv[1])
store.ensure_schema()
if sys.argv[2:]:
    store.write(
        [Sample(Metric.CPU_USAGE, "Web", "web-1", noon + n * minute, float(n)) for n in range(60)],
        token="then",
    )
for each in store.series(Metric.CPU_USAGE, "Web", "web-1", noon, noon + 60 * minute, 60):
    print(each.at.isoformat(), each.mean)
store.close()
"""
COUNTS = """
from django.apps import apps
for each in sorted(apps.get_models(), key=lambda each: each._meta.label):
    print(each._meta.label, each._base_manager.count())
"""


@pytest.fixture(params=["6bda2fa2", "0e6a8427"])
def former(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """The source of a version that landed."""
    packed = subprocess.run(
        ["/usr/bin/git", "-C", str(ROOT), "archive", request.param, "src"], capture_output=True, check=False
    )
    if packed.returncode:
        pytest.skip(f"needs the history of the project: {packed.stderr.decode()}")
    with tarfile.open(fileobj=BytesIO(packed.stdout)) as archive:
        archive.extractall(tmp_path / "former", filter="data")
    return tmp_path / "former" / "src"


def by(source: Path, environment: Mapping[str, str], *words: str) -> str:
    """Let the version in *source* do something."""
    done = subprocess.run(
        [sys.executable, "-W", "ignore", *words],
        env={**environment, "PYTHONPATH": str(source)}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def now(environment: Mapping[str, str], *words: str) -> Sequence[str]:
    """Let the present version do something, and return the lines that it printed."""
    done = run(words, env=environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    home, design, bindings = tmp_path / "home", tmp_path / "運用設計書.md", tmp_path / "toban.toml"
    home.mkdir()
    design.write_text(DOCUMENT, encoding="utf-8")
    bindings.touch()
    return {
        **os.environ,
        "TOBAN_HOME": str(home),
        "TOBAN_DESIGN": str(design),
        "TOBAN_BINDINGS": str(bindings),
        "TOBAN_LANGUAGE": "en",
    }


def test_the_state_of_a_former_version_goes_on(former: Path, environment: dict[str, str]) -> None:
    by(former, environment, "-m", "toban", "prepare")
    by(former, environment, str(LEAVES))

    said = now(environment, "-m", "toban", "prepare")
    verified = now(environment, "-m", "toban", "evidence", "verify")
    accounts, alerts, ran, backups = now(environment, "-c", "import django; django.setup()\n" + KEPT)

    assert any("is copied to" in line for line in said)
    assert not any("One-time password" in line for line in said)
    assert any("evidence is intact" in line for line in verified), verified
    assert (accounts, alerts) == ("admin", CPU)
    assert ran == f"{NOON.isoformat()} done 30 rows"
    assert backups in ("", "20261125T120000Z")
    assert bool(backups) == (former / "toban/chapters/backup/models.py").exists()


def verified(source: Path, environment: Mapping[str, str]) -> bool:
    """Return whether the version in *source* says that the evidence is intact."""
    return by(source, environment, "-m", "toban", "evidence", "verify").startswith("● ")


def rows(file: Path) -> dict[str, list[tuple[Any, ...]]]:
    """Return every row of a state by table."""
    with closing(sqlite3.connect(file)) as state:
        names = [
            name
            for (name,) in state.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
        ]
        return {name: state.execute(f'SELECT * FROM "{name}" ORDER BY rowid').fetchall() for name in names}  # noqa: S608


def test_the_way_back_in_the_manual_leads_to_the_former_version(
    former: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    home = Path(environment["TOBAN_HOME"])
    state = home / "state.sqlite3"
    by(former, environment, "-m", "toban", "prepare")
    by(former, environment, str(LEAVES))
    before = rows(state)
    now(environment, "-m", "toban", "prepare")
    now(environment, "-c", SINCE)
    assert rows(state) != before

    # As the manual says, step by step.
    [copy] = (home / "before-upgrades").rglob("state.sqlite3")
    for beside in ("state.sqlite3-wal", "state.sqlite3-shm"):
        (home / beside).unlink(missing_ok=True)
    shutil.copy(copy, state)

    assert rows(state) == before
    by(former, environment, "-m", "toban", "prepare")
    assert rows(state) == before
    assert verified(former, environment)
    by(former, environment, "-c", "import django; django.setup()\n" + APPENDS)
    assert verified(former, environment)


def test_the_way_back_leads_there_on_postgresql_too(
    former: Path, environment: dict[str, str], postgres: dict[str, str]
) -> None:
    """A dump is restored into an emptied database, by the commands of the manual."""
    programs = postgres18.programs()
    there = {
        **environment,
        "PGHOST": postgres["PGHOST"],
        "PGUSER": "postgres",
        "TOBAN_STATE_URL": "postgresql://postgres@/former",
        "PATH": f"{programs}:{environment['PATH']}",
    }
    with psycopg.connect("postgresql://postgres@/postgres", host=there["PGHOST"], autocommit=True) as admin:
        admin.execute("CREATE DATABASE former")
    by(former, there, "-m", "toban", "prepare")
    by(former, there, str(LEAVES))
    counted = by(former, there, "-c", "import django; django.setup()\n" + COUNTS)
    now(there, "-m", "toban", "prepare")
    now(there, "-c", SINCE)

    [dump] = (Path(there["TOBAN_HOME"]) / "before-upgrades").rglob("state.dump")
    with psycopg.connect(there["TOBAN_STATE_URL"], host=there["PGHOST"], autocommit=True) as admin:
        admin.execute("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
    subprocess.run(
        [programs / "pg_restore", "--clean", "--if-exists", "--dbname=postgresql://postgres@/former", dump],
        env=there,
        check=True,
    )

    by(former, there, "-m", "toban", "prepare")
    assert by(former, there, "-c", "import django; django.setup()\n" + COUNTS) == counted
    assert verified(former, there)


@contextmanager
def storing(source: Path, data: Path) -> Iterator[str]:
    """Run the store of the version in *source*, and yield its address."""
    store = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "toban", "store", "--data", str(data)],
        env={**os.environ, "PYTHONPATH": str(source), "TOBAN_STORE_SECRET": "then"},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert store.stdout is not None
    with store.stdout as said:
        try:
            yield said.readline().strip().replace("http://", "http://toban:then@") + "/toban"
        finally:
            store.terminate()
            store.wait(timeout=120)


def test_measurements_of_a_former_version_are_found_again(
    former: Path, environment: dict[str, str], tmp_path: Path
) -> None:
    present = ROOT / "src"
    with storing(former, tmp_path / "telemetry") as store:
        written = by(former, environment, "-c", SAMPLES, store, "write").splitlines()
    with storing(present, tmp_path / "telemetry") as store:
        found = by(present, environment, "-c", SAMPLES, store).splitlines()

    assert len(written) == 60
    assert found == written


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster().make().start()
    cluster.sql("CREATE TABLE orders AS SELECT id, md5(id::text) AS item FROM generate_series(1, 5000) AS id")
    yield cluster
    cluster.remove()


@pytest.fixture
def into() -> Iterator[Path]:
    """A folder that any account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="toban-restore"))
    folder.chmod(0o755)
    yield folder / "back"
    shutil.rmtree(folder, ignore_errors=True)


def kept(environment: Mapping[str, str], query: str) -> list[tuple[Any, ...]]:
    """Ask the state database of a home."""
    state = Path(environment["TOBAN_HOME"]) / "state.sqlite3"
    with closing(sqlite3.connect(f"file:{state}?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def take_a_backup(former: Path, environment: Mapping[str, str]) -> None:
    """Let a worker of the version in *former* take one, and end it."""
    worker = subprocess.Popen(
        [sys.executable, "-W", "ignore", "-m", "toban", "worker"],
        env={**environment, "PYTHONPATH": str(former)},
    )
    try:
        planned = "SELECT 1 FROM runs_plannedwork WHERE in_force"
        wait_for(lambda: kept(environment, planned), within=120)
        by(former, environment, "-m", "toban", "backup", "run", "PostgreSQL")
        wait_for(lambda: kept(environment, "SELECT 1 FROM runs_run WHERE state = 'done'"), within=120)
    finally:
        worker.terminate()
        worker.wait(timeout=120)


# The first that landed had no backups.
@pytest.mark.parametrize("former", ["0e6a8427"], indirect=True)
def test_a_backup_that_a_former_version_stored_is_verified_and_restored(
    former: Path, environment: dict[str, str], cluster: Cluster, tmp_path: Path, into: Path
) -> None:
    here = {
        **environment,
        "BACKUP_DATABASE_URL": cluster.dsn,
        # Nothing listens there: backups need no telemetry.
        "TOBAN_TELEMETRY_URL": "http://toban:secret@127.0.0.1:9/toban",
    }
    Path(here["TOBAN_DESIGN"]).write_text(BACKED_UP, encoding="utf-8")
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(str(key))
    Path(here["TOBAN_BINDINGS"]).write_text(STORED.format(public=key.to_public()), encoding="utf-8")
    (tmp_path / "store").mkdir()
    by(former, here, "-m", "toban", "prepare")
    take_a_backup(former, here)

    now(here, "-m", "toban", "prepare")
    listed = json.loads("".join(now(here, "-m", "toban", "backup", "list", "--format", "json")))
    verified = now(here, "-m", "toban", "backup", "verify")
    rows = cluster.sql("SELECT * FROM orders ORDER BY id")
    cluster.stop()
    binaries = ["--binaries", str(postgres18.programs()), "--account", "nobody"]
    now(here, "-m", "toban", "restore", "PostgreSQL", "--yes", "--into", str(into), *binaries)
    cluster.adopt(into).start()

    assert [each["label"] for each in listed] == [
        each.parent.name for each in (tmp_path / "store").rglob("backup.json")
    ]
    assert any("● PostgreSQL" in line for line in verified), verified
    assert len(rows) == 5000
    assert cluster.sql("SELECT * FROM orders ORDER BY id") == rows
