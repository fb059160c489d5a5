"""The server that `toban restore` leaves behind: apart from its source, readable before it is promoted."""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner, Result
from tests.integration.buckets import ACCESS_KEY, SECRET_KEY, BucketOf, S3Server
from tests.integration.chapters.backup.engines.native.chains import Chain
from tests.integration.chapters.backup.engines.native.conftest import label, source
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster, account, give_away, programs
from tests.integration.faces.cli.backup.test_restore import ACCOUNT, BINDINGS, DESIGN
from tests.ports import free_port
from tests.registered import PARTS

from toban.chapters.backup import catalogue
from toban.chapters.backup.drills import postgres
from toban.chapters.backup.engine import Method
from toban.chapters.backup.engines.native.taking.take import take
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.s3.store import S3Store
from toban.faces.cli.backup.restore import command

pytestmark = [pytest.mark.django_db, pytest.mark.slow]


@dataclass
class Production:
    """A server that archives its log, its backup, and a moment between two orders after it."""

    cluster: Cluster
    archive: Path
    store: Path
    moment: datetime

    @property
    def archived(self) -> set[str]:
        return {each.name for each in self.archive.iterdir()}


@pytest.fixture
def production(tmp_path: Path) -> Iterator[Production]:
    cluster = Cluster().make().start()
    archive = cluster.folder / "archive"
    archive.mkdir()
    give_away(archive)
    # In the server's own file, so that the backup has it.
    cluster.sql("ALTER SYSTEM SET archive_mode = 'on'")
    cluster.sql(f"ALTER SYSTEM SET archive_command = 'cp %p {archive}/%f'")
    cluster.sql("ALTER SYSTEM SET archive_timeout = '1s'")
    cluster.sql("ALTER SYSTEM SET primary_conninfo = 'host=former-primary.invalid'")
    cluster.stop()
    cluster.start()
    cluster.sql("CREATE TABLE orders (id int)")
    root = tmp_path / "store"
    root.mkdir()
    store = DirectoryStore(DirectoryConfig(path=root))
    full = take(source(cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    catalogue.record(full, subject="PostgreSQL", clause_id="c", store="S3", verified_at=None)
    store.put(catalogue.key_of("PostgreSQL", full.label), catalogue.to_json(full))
    shipped = Chain(cluster, store, root, full, full, None)
    cluster.sql("INSERT INTO orders VALUES (1)")
    moment = shipped.now()
    cluster.sql("INSERT INTO orders VALUES (2)")
    shipped.ship()
    yield Production(cluster, archive, root, moment)
    cluster.remove()


@pytest.fixture
def toban(production: Production, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    (tmp_path / "ops.md").write_text(DESIGN)
    (tmp_path / "toban.toml").write_text(BINDINGS.format(store=production.store))
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "ops.md"))
    monkeypatch.setenv("TOBAN_BINDINGS", str(tmp_path / "toban.toml"))
    monkeypatch.setenv("BACKUP_DSN", production.cluster.dsn)

    def call(*words: object) -> Result:
        every = ["PostgreSQL", "--from-store", "--yes", "--binaries", programs(), *ACCOUNT, *words]
        return CliRunner().invoke(command, list(map(str, every)), obj=PARTS)

    return call


@pytest.fixture
def into() -> Iterator[Path]:
    """A folder that any account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="toban-restore"))
    folder.chmod(0o755)
    yield folder / "back"
    running = postgres.running_on(folder / "back")
    if running:
        os.kill(running, signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


def asked(into: Path, statement: str) -> Sequence[tuple[object, ...]]:
    lines = (into / "postmaster.pid").read_text().split("\n")
    dsn = f"host={lines[4]} port={lines[3]} user=postgres dbname=postgres"
    with psycopg.connect(dsn, autocommit=True) as connection:
        return connection.execute(statement.encode()).fetchall()


def test_a_restored_server_has_its_own_port_and_writes_nothing_into_its_sources_archive(
    production: Production, toban: Callable[..., Result], into: Path
) -> None:
    port = free_port()

    done = toban("--into", into, "--start", "--port", port)

    assert done.exit_code == 0, done.output
    production.cluster.stop()
    before = production.archived
    assert asked(into, "SHOW port") == [(str(port),)]
    assert asked(into, "SELECT pg_switch_wal() IS NOT NULL") == [(True,)]
    assert asked(into, "SHOW archive_mode") == [("off",)]
    assert before
    assert production.archived == before
    assert not list((into / "pg_wal" / "archive_status").glob("*.ready"))


def test_a_restored_server_that_is_started_by_hand_archives_nothing_either(
    production: Production, toban: Callable[..., Result], into: Path
) -> None:
    done = toban("--into", into, "--port", 54321)

    assert done.exit_code == 0, done.output
    assert f'pg_ctl -D {into} -o "-c archive_mode=off -c port=54321" start' in done.output
    give_away(into)
    assert value_of("archive_mode", into) == "off"
    assert value_of("archive_command", into).startswith("cp ")


def value_of(setting: str, files: Path) -> str:
    done = subprocess.run(
        [programs() / "postgres", "-D", files, "-C", setting],
        capture_output=True,
        text=True,
        check=True,
        cwd="/",
        **account(),  # type: ignore[call-overload]
    )
    return str(done.stdout).strip()


@pytest.mark.parametrize("is_at_a_moment", [True, False])
def test_a_paused_server_can_be_read_and_is_written_to_only_once_it_is_promoted(
    production: Production, toban: Callable[..., Result], into: Path, is_at_a_moment: bool
) -> None:
    to = production.moment.isoformat() if is_at_a_moment else "latest"

    done = toban("--into", into, "--start", "--port", free_port(), "--pause", "--to", to)

    assert done.exit_code == 0, done.output
    expected = [(1,)] if is_at_a_moment else [(1,), (2,)]
    until = "SELECT count(*) FROM orders"
    for _ in range(100):
        if asked(into, until) == [(len(expected),)]:
            break
        time.sleep(0.05)
    assert asked(into, "SELECT id FROM orders ORDER BY id") == expected
    assert asked(into, "SELECT pg_is_in_recovery()") == [(True,)]
    assert asked(into, "SHOW primary_conninfo") == [("",)]
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
        asked(into, "INSERT INTO orders VALUES (3) RETURNING id")
    assert f"pg_ctl -D {into} promote" in done.output
    promoted = [programs() / "pg_ctl", "-D", into, "--wait", "promote"]
    subprocess.run(promoted, check=True, cwd="/", capture_output=True, **account())  # type: ignore[call-overload]
    assert asked(into, "INSERT INTO orders VALUES (3) RETURNING id") == [(3,)]
    assert asked(into, "SELECT id FROM orders ORDER BY id") == [*expected, (3,)]


def test_the_commands_without_toban_fetch_from_the_bound_server_and_reach_the_chosen_moment(
    production: Production,
    toban: Callable[..., Result],
    into: Path,
    tmp_path: Path,
    bucket_of: BucketOf,
    nanio: S3Server,
) -> None:
    if shutil.which("aws") is None:
        pytest.skip("needs the aws command")
    bucket = bucket_of(nanio)
    s3 = S3Store(bucket)
    for file in (each for each in production.store.rglob("*") if each.is_file()):
        s3.put(file.relative_to(production.store).as_posix(), file.read_bytes())
    keys = f'access_key = "file:{tmp_path}/access"\nsecret_key = "file:{tmp_path}/secret"'
    place = f'bucket = "{bucket.bucket}"\nprefix = "shop"\nregion = "us-east-1"\nendpoint = "{nanio.url}"'
    bound = BINDINGS.replace('kind = "directory"\npath = "{store}"', f'kind = "s3"\n{place}\n{keys}')
    (tmp_path / "toban.toml").write_text(bound)

    shown = toban("--procedure", "--to", production.moment.isoformat())

    assert shown.exit_code == 0, shown.output
    script = shown.output.rpartition("```bash\n")[2].partition("```")[0]
    script, start = script.rsplit("pg_ctl", 1)
    into.parent.mkdir(exist_ok=True)
    environment = {
        **os.environ,
        "PATH": f"{programs()}:{os.environ['PATH']}",
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
    }
    subprocess.run(["/bin/bash", "-euc", script], cwd=into.parent, env=environment, check=True)
    for each in into.parent.iterdir():
        give_away(each)
    (into.parent / "restored").rename(into)
    (into.parent / "restored").symlink_to(into)
    (into.parent / "log").touch()
    give_away(into.parent / "log")
    words = f"{programs()}/pg_ctl {start.strip()} -o '-p {free_port()}'".replace("-l restored.log", "-l log")
    subprocess.run(["/bin/bash", "-euc", words], cwd=into.parent, check=True, **account())  # type: ignore[call-overload]
    for _ in range(100):
        if asked(into, "SELECT pg_get_wal_replay_pause_state()") == [("paused",)]:
            break
        time.sleep(0.05)
    assert asked(into, "SELECT id FROM orders") == [(1,)]
    assert asked(into, "SELECT pg_is_in_recovery(), current_setting('archive_mode')") == [(True, "off")]
