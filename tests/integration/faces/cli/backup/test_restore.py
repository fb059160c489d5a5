"""`toban restore` with a real chain: its output, refusals, results, and what it keeps."""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pyrage
import pytest
from click.testing import CliRunner, Result
from tests.integration.chapters.backup.engines.native.chains import SUMS, Chain, make_chain
from tests.integration.chapters.backup.engines.native.conftest import label, source
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster, give_away, programs
from tests.registered import PARTS

from toban.chapters.backup import catalogue
from toban.chapters.backup.drills import postgres
from toban.chapters.backup.engine import Method
from toban.chapters.backup.engines.native.taking.take import take
from toban.chapters.backup.models import Backup
from toban.chapters.backup.restoring import procedure
from toban.chapters.backup.restoring.restore import KnownBackups, RestoreTarget, plan
from toban.chapters.backup.works import source_of
from toban.design.reader import load_design
from toban.engine.bindings.load import load_bindings
from toban.engine.evidence.models import LedgerEntry
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.sealed import SealedStore
from toban.faces.cli.backup.backup import command as backup
from toban.faces.cli.backup.restore import command
from toban.message import Message

DESIGN = """\
# 受付の運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|------|------|------|---------|-------|---------|
| PostgreSQL | フルバックアップ | 日次 (深夜2:00) | 30世代 | S3 | 30日 |
| PostgreSQL | 増分バックアップ | 1時間毎 | 24世代 | S3 | 24時間 |

### リストア手順
```bash
aws s3 cp s3://bucket/db/backup_20240101.sql.gz .
psql -h ${DB_HOST} -U ${DB_USER} ${DB_NAME} < backup_20240101.sql
```
"""
BINDINGS = """\
[stores.S3]
kind = "directory"
path = "{store}"

[backups.PostgreSQL]
kind = "native"
dsn = "env:BACKUP_DSN"
"""
ACCOUNT = ["--account", "nobody"]

pytestmark = pytest.mark.django_db


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    cluster = Cluster().make().start()
    root = tmp_path_factory.mktemp("store")
    chain = make_chain(cluster, DirectoryStore(DirectoryConfig(path=root)), root)
    for taken in (chain.full, chain.increment):
        chain.store.put(catalogue.key_of("PostgreSQL", taken.label), catalogue.to_json(taken))
    yield chain
    cluster.remove()


@pytest.fixture
def catalogued(chain: Chain) -> Chain:
    for taken in (chain.full, chain.increment):
        catalogue.record(taken, subject="PostgreSQL", clause_id="c", store="S3", verified_at=None)
    return chain


type Toban = Callable[..., Result]


@pytest.fixture
def toban(chain: Chain, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Toban:
    (tmp_path / "ops.md").write_text(DESIGN)
    (tmp_path / "toban.toml").write_text(BINDINGS.format(store=chain.root))
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "ops.md"))
    monkeypatch.setenv("TOBAN_BINDINGS", str(tmp_path / "toban.toml"))
    monkeypatch.setenv("BACKUP_DSN", chain.cluster.dsn)
    parts = PARTS

    def call(*words: object, typed: str = "") -> Result:
        return CliRunner().invoke(command, ["PostgreSQL", *map(str, words)], input=typed, obj=parts)

    return call


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that any account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="toban-restore"))
    folder.chmod(0o755)
    yield folder
    running = postgres.running_on(folder / "back")
    if running:
        os.kill(running, signal.SIGQUIT)
    shutil.rmtree(folder, ignore_errors=True)


def test_the_command_restores_and_starts_a_server_with_the_rows_of_the_source(
    catalogued: Chain, toban: Toban, open_folder: Path
) -> None:
    into = open_folder / "back"

    done = toban(
        "--into",
        into,
        "--start",
        "--binaries",
        programs(),
        *ACCOUNT,
        "--to",
        catalogued.increment.label,
        typed="PostgreSQL\n",
    )

    assert done.exit_code == 0, done.output
    assert f"バックアップ  {catalogued.full.label}" in done.output
    assert f"戻しました: {into}" in done.output
    port = re.search(
        r"listening on Unix socket \"(.*)/\.s\.PGSQL\.(\d+)\"", (into / "restore.log").read_text()
    )
    assert port is not None
    with psycopg.connect(f"host={port[1]} port={port[2]} user=postgres dbname=postgres") as restored:
        assert restored.execute(SUMS.encode()).fetchall() == catalogued.sums
        assert restored.execute("SELECT pg_is_in_recovery()").fetchone() == (False,)
    assert all(row.restored_at for row in Backup.objects.all())
    (entry,) = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT)
    assert entry.content["event"] == "restored"
    assert entry.content["chain"] == [catalogued.full.label, catalogued.increment.label]


def test_restored_files_are_kept_when_only_the_start_fails(
    catalogued: Chain, toban: Toban, open_folder: Path
) -> None:
    into, lacking = open_folder / "back", open_folder / "bin"
    lacking.mkdir()
    (lacking / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 18.1'\n")
    (lacking / "postgres").chmod(0o755)

    done = toban("--into", into, "--start", "--binaries", lacking, *ACCOUNT, "--yes")

    assert done.exit_code == 3
    assert "pg_ctl を起動できません" in done.output
    assert f"HINT: 戻したものは {into} にあります" in done.output
    assert (into / "PG_VERSION").exists()
    assert Backup.objects.get(label=catalogued.full.label).restored_at is not None


def test_confirming_with_a_wrong_name_stops_the_restore(
    catalogued: Chain, toban: Toban, tmp_path: Path
) -> None:
    done = toban("--into", tmp_path / "back", "--to", catalogued.full.label, typed="yes\n")

    assert done.exit_code == 1
    assert "名前が違う" in done.output
    assert not (tmp_path / "back").exists()


def test_a_dry_run_shows_the_plan_and_writes_nothing(catalogued: Chain, toban: Toban, tmp_path: Path) -> None:
    done = toban("--into", tmp_path / "back", "--dry-run")

    assert done.exit_code == 0, done.output
    assert "戻る時点" in done.output
    assert "psql -h 127.0.0.1 -U postgres postgres < backup_20240101.sql" in done.output
    assert Cluster.PASSWORD not in done.output
    assert not (tmp_path / "back").exists()


def test_without_a_state_database_the_store_alone_is_enough(
    chain: Chain, toban: Toban, tmp_path: Path
) -> None:
    done = toban("--from-store", "--yes", "--into", tmp_path / "back")

    assert done.exit_code == 0, done.output
    assert f"バックアップ  {chain.increment.label}" in done.output
    assert (tmp_path / "back" / "recovery.signal").exists()


def test_a_running_target_is_refused(catalogued: Chain, toban: Toban) -> None:
    done = toban("--into", catalogued.cluster.files, "--yes")

    assert done.exit_code == 1
    assert "サーバーが動いています" in done.output


def test_a_folder_that_is_not_empty_is_refused(catalogued: Chain, toban: Toban, tmp_path: Path) -> None:
    done = toban("--into", tmp_path, "--yes")

    assert done.exit_code == 1
    assert "空ではありません" in done.output


def test_an_unknown_label_is_refused_and_names_the_newest(
    catalogued: Chain, toban: Toban, tmp_path: Path
) -> None:
    done = toban("--into", tmp_path / "back", "--to", "20200101T000000Z-full", "--yes")

    assert done.exit_code == 1
    assert "20200101T000000Z-full というバックアップはありません" in done.output
    assert catalogued.increment.label in done.output


@pytest.mark.parametrize("away", [timedelta(days=-1), timedelta(days=1)])
def test_a_moment_outside_the_restorable_window_is_refused_and_the_window_named(
    catalogued: Chain, toban: Toban, tmp_path: Path, away: timedelta
) -> None:
    done = toban("--into", tmp_path / "back", "--to", (datetime.now(UTC) + away).isoformat(), "--yes")

    assert done.exit_code == 1
    assert "には戻せません" in done.output
    assert f"{catalogued.full.restorable_to.astimezone(UTC):%Y-%m-%d %H:%M:%S} から" in done.output


def test_programs_of_another_version_are_refused(catalogued: Chain, toban: Toban, tmp_path: Path) -> None:
    old = tmp_path / "bin"
    old.mkdir()
    (old / "postgres").write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 17.2'\n")
    (old / "postgres").chmod(0o755)

    done = toban("--into", tmp_path / "back", "--binaries", old, "--yes")

    assert done.exit_code == 1
    assert "PostgreSQL 17" in done.output
    assert "PostgreSQL 18 のもの" in done.output


def test_too_small_a_disk_is_refused_before_anything_is_written(
    catalogued: Chain, toban: Toban, tmp_path: Path
) -> None:
    Backup.objects.update(source_bytes=10**15)

    done = toban("--into", tmp_path / "back", "--yes")

    assert done.exit_code == 1
    assert "空きは" in done.output
    assert not (tmp_path / "back").exists()


def test_a_subject_that_is_not_bound_is_refused(chain: Chain, toban: Toban, tmp_path: Path) -> None:
    parts = PARTS

    done = CliRunner().invoke(command, ["MySQL", "--into", str(tmp_path / "back")], obj=parts)

    assert done.exit_code == 1
    assert "「MySQL」" in done.output


def test_a_damaged_backup_exits_with_status_3(catalogued: Chain, toban: Toban, tmp_path: Path) -> None:
    broken = tmp_path / "store"
    shutil.copytree(catalogued.root, broken)
    (tmp_path / "toban.toml").write_text(BINDINGS.format(store=broken))
    key = max(catalogued.full.objects, key=lambda stored: stored.size).key
    content = bytearray((broken / key).read_bytes())
    content[len(content) // 2] ^= 1
    (broken / key).write_bytes(content)

    done = toban("--into", tmp_path / "back", "--yes")

    assert done.exit_code == 3
    assert key in done.output


def test_after_a_damaged_increment_the_proposed_command_leads_to_the_newest_moment(
    catalogued: Chain, toban: Toban, tmp_path: Path
) -> None:
    broken = tmp_path / "store"
    shutil.copytree(catalogued.root, broken)
    (tmp_path / "toban.toml").write_text(BINDINGS.format(store=broken))
    key = max(catalogued.increment.objects, key=lambda stored: stored.size).key
    content = bytearray((broken / key).read_bytes())
    content[len(content) // 2] ^= 1
    (broken / key).write_bytes(content)

    failed = toban("--into", tmp_path / "back", "--yes")
    lost = toban("--into", tmp_path / "back", "--yes", "--from-store")
    checked = CliRunner().invoke(backup, ["verify", "PostgreSQL"], obj=PARTS)
    done = toban("--into", tmp_path / "back", "--yes")
    without = toban("--into", tmp_path / "again", "--yes", "--from-store", "--to", catalogued.full.label)

    assert failed.exit_code == 3
    assert "HINT: 同じコマンドは、また失敗します。toban backup verify PostgreSQL を" in failed.output
    assert f"--to {catalogued.full.label}" in lost.output
    assert checked.exit_code == 1
    assert f"● PostgreSQL {catalogued.full.label}" in checked.output
    assert f"■ PostgreSQL {catalogued.increment.label}" in checked.output
    assert done.exit_code == 0, done.output
    assert without.exit_code == 0, without.output


def test_the_printed_commands_restore_the_chain_without_toban(
    catalogued: Chain, toban: Toban, open_folder: Path
) -> None:
    shown = toban("--procedure").output
    script = shown.rpartition("```bash\n")[2].partition("```")[0]
    # Only PostgreSQL's own account may start it; everything else runs under the operator's account.
    script, start = script.rsplit("pg_ctl", 1)
    environment = {**os.environ, "PATH": f"{programs()}:{os.environ['PATH']}"}

    subprocess.run(["/bin/bash", "-euc", script], cwd=open_folder, env=environment, check=True)

    cluster = Cluster()
    try:
        for place in open_folder.iterdir():
            give_away(place)
        server = cluster.adopt(open_folder / "restored").start(hot_standby="off")
        assert "start" in start
        assert server.sql(SUMS) == catalogued.sums
    finally:
        cluster.remove()


def test_nothing_is_started_without_the_decryption_key(chain: Chain, toban: Toban, tmp_path: Path) -> None:
    identity = pyrage.x25519.Identity.generate()
    sealed_root = tmp_path / "sealed"
    sealed_root.mkdir()
    config = DirectoryConfig(path=sealed_root, encrypt_to=(str(identity.to_public()),))
    store = SealedStore(DirectoryStore(config), config)
    taken = take(source(chain.cluster.dsn, store), label("full"), Method.FULL, None, Watching())
    catalogue.record(taken, subject="PostgreSQL", clause_id="c", store="S3", verified_at=None)
    (tmp_path / "key").write_text(str(pyrage.x25519.Identity.generate()))
    keys = [f'encrypt_to = ["{identity.to_public()}"]', f'identity = "file:{tmp_path}/key"']
    for lines in (keys[:1], keys):
        sealed = BINDINGS.format(store=sealed_root).replace("\n\n", "\n" + "\n".join(lines) + "\n\n", 1)
        (tmp_path / "toban.toml").write_text(sealed)

        done = toban("--into", tmp_path / "back", "--yes")

        assert done.exit_code == 1, done.output
        assert "を読めません" in done.output
        assert not (tmp_path / "back").exists()
    (tmp_path / "key").write_text(str(identity))
    assert toban("--into", tmp_path / "back", "--yes").exit_code == 0


def test_the_procedure_is_stored_unencrypted_next_to_the_backups(
    catalogued: Chain, toban: Toban, tmp_path: Path
) -> None:
    recipient = pyrage.x25519.Identity.generate().to_public()
    sealed = BINDINGS.format(store=tmp_path).replace("\n\n", f'\nencrypt_to = ["{recipient}"]\n\n', 1)
    (tmp_path / "toban.toml").write_text(sealed)
    parts = PARTS
    bindings = load_bindings(tmp_path / "toban.toml", parts.schema)
    found = source_of("PostgreSQL", load_design(tmp_path / "ops.md"), bindings, parts.kinds)
    assert not isinstance(found, Message)

    key = procedure.keep(
        found, plan("PostgreSQL", KnownBackups([catalogued.full, catalogued.increment]), RestoreTarget())
    )

    text = (tmp_path / key).read_text()
    assert key == "PostgreSQL/RESTORE.md"
    assert "pg_combinebackup" in text
    assert "psql -h 127.0.0.1 -U postgres postgres" in text
    assert Cluster.PASSWORD not in text


def test_a_dump_is_restored_into_an_empty_database_of_a_server(
    chain: Chain, toban: Toban, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("shop", "elsewhere"):
        chain.cluster.sql(f"CREATE DATABASE {name}")
    shop, elsewhere = (chain.cluster.dsn.removesuffix("postgres") + name for name in ("shop", "elsewhere"))
    with psycopg.connect(shop) as connection:
        connection.execute("CREATE TABLE carts AS SELECT generate_series(1, 100) AS id")
    monkeypatch.setenv("BACKUP_DSN", shop)
    monkeypatch.setenv("TARGET", elsewhere)
    dumping = BINDINGS.replace("native", "pg_dump") + f'binaries = "{programs()}"\n'
    (tmp_path / "dumps").mkdir()
    (tmp_path / "toban.toml").write_text(dumping.format(store=tmp_path / "dumps"))
    parts = PARTS
    bindings = load_bindings(tmp_path / "toban.toml", parts.schema)
    found = source_of("PostgreSQL", load_design(tmp_path / "ops.md"), bindings, parts.kinds)
    assert not isinstance(found, Message)
    with found.opened() as at_work:
        taken = at_work.engine.take("20261125T020000Z-full", Method.FULL, None, Watching())
    catalogue.record(taken, subject="PostgreSQL", clause_id="c", store="S3", verified_at=None)

    refused = toban("--yes")
    done = toban("--server", "env:TARGET", "--into", tmp_path / "work", "--yes")

    assert refused.exit_code == 1
    assert "--server" in refused.output
    assert done.exit_code == 0, done.output
    with psycopg.connect(elsewhere) as connection:
        assert connection.execute("SELECT count(*) FROM carts").fetchone() == (100,)
