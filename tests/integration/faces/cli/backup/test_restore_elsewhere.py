"""`toban restore` for backups that are not in a store of ours: pgBackRest's repository, RDS's snapshots."""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from tests.integration.buckets import ACCESS_KEY, SECRET_KEY
from tests.integration.chapters.backup.debian17 import PASSWORD, Debian17
from tests.integration.chapters.backup.engines import grounds, pgbackrest_source
from tests.integration.chapters.backup.engines.conftest import debian  # noqa: F401 - a fixture
from tests.integration.chapters.backup.engines.grounds import REGION
from tests.integration.chapters.backup.engines.pgbackrest_source import STANZA, Backed
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.moto import moto_server
from tests.registered import PARTS

from toban.chapters.backup import catalogue
from toban.chapters.backup.engine import Method, TakenBackup
from toban.chapters.backup.works import source_of
from toban.design.reader import load_design
from toban.engine.bindings.load import load_bindings
from toban.engine.evidence.models import LedgerEntry
from toban.faces.cli.backup.restore import command
from toban.message import Message

DESIGN = """\
# 受付の運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|------|------|------|---------|-------|---------|
| PostgreSQL | フルバックアップ | 日次 (深夜2:00) | 30世代 | リポジトリ | 30日 |
"""

pytestmark = pytest.mark.django_db

type Toban = Callable[..., Result]


@pytest.fixture
def bind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], TakenBackup]:
    """Writes document and bindings, and takes a full backup that is in the catalogue."""

    def binding(lines: str) -> TakenBackup:
        (tmp_path / "ops.md").write_text(DESIGN)
        (tmp_path / "toban.toml").write_text(f"[backups.PostgreSQL]\n{lines}")
        monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "ops.md"))
        monkeypatch.setenv("TOBAN_BINDINGS", str(tmp_path / "toban.toml"))
        bindings = load_bindings(tmp_path / "toban.toml", PARTS.schema)
        found = source_of("PostgreSQL", load_design(tmp_path / "ops.md"), bindings, PARTS.kinds)
        assert not isinstance(found, Message), found
        with found.opened() as at_work:
            taken = at_work.engine.take("20261125T020000Z-full", Method.FULL, None, Watching())
        catalogue.record(taken, subject="PostgreSQL", clause_id="c", store="", verified_at=None)
        return taken

    return binding


def toban(*words: object) -> Result:
    return CliRunner().invoke(command, ["PostgreSQL", "--yes", *map(str, words)], obj=PARTS)


@pytest.fixture
def backed(debian: Debian17, tmp_path: Path) -> Iterator[Backed]:  # noqa: F811 - the fixture
    made = pgbackrest_source.make(debian, tmp_path.name)
    yield made
    pgbackrest_source.discard(made)


def committed(backed: Backed, number: int) -> datetime:
    """Insert an order, wait until its log is archived, and return a later moment of the server's clock."""
    source = backed.cluster
    source.sql(f"INSERT INTO orders VALUES ({number}, 'later')")  # noqa: S608
    ((after,),) = source.sql("SELECT clock_timestamp()")
    ((segment,),) = source.sql("SELECT pg_walfile_name(pg_switch_wal())")
    source.wait_for(f"SELECT last_archived_wal = '{segment}' FROM pg_stat_archiver")  # noqa: S608
    assert isinstance(after, datetime)
    return after


def test_pgbackrest_restores_a_moment_that_only_its_log_reaches(
    backed: Backed, bind: Callable[[str], TakenBackup], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHOP_DSN", backed.cluster.dsn)
    settings = {"stanza": STANZA, "command": backed.cluster.debian.pgbackrest, "config": str(backed.config)}
    lines = [f"{key} = {json.dumps(value)}" for key, value in settings.items()]
    taken = bind("\n".join(['kind = "pgbackrest"', 'dsn = "env:SHOP_DSN"', *lines]))
    moment = committed(backed, -1)
    committed(backed, -2)
    into = backed.empty_folder("at_the_moment")

    beyond = toban("--into", into, "--to", (moment + timedelta(days=1)).isoformat())
    shown = toban("--into", into, "--to", moment.isoformat(), "--dry-run")
    # Restores are needed when the source is down.
    backed.cluster.stop()
    done = toban("--into", into, "--to", moment.isoformat())
    lost = toban("--from-store", "--into", into)

    assert beyond.exit_code == 1
    assert "を戻せるのは" in beyond.output
    assert f"バックアップ  {taken.label}" in shown.output
    assert shown.exit_code == 0, shown.output
    assert done.exit_code == 0, done.output
    assert "記録がどこまであるか、いまは分かりません" in done.output
    assert PASSWORD not in done.output
    assert lost.exit_code == 1
    assert "Toban の保存先にはありません" in lost.output
    restored = backed.serve(into)
    try:
        assert restored.sql("SELECT id FROM orders WHERE id < 0") == [(-1,)]
    finally:
        restored.stop()
        shutil.rmtree(restored.data)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_root_restores_where_only_root_may_write_although_pgbackrest_runs_as_the_cluster(
    backed: Backed, bind: Callable[[str], TakenBackup]
) -> None:
    settings = {"stanza": STANZA, "command": backed.cluster.debian.pgbackrest, "config": str(backed.config)}
    bind(
        "\n".join(
            ['kind = "pgbackrest"', *(f"{key} = {json.dumps(value)}" for key, value in settings.items())]
        )
    )
    roots = Path(tempfile.mkdtemp(prefix="toban-root"))
    roots.chmod(0o755)

    done = toban("--into", roots / "back", "--account", "nobody")

    try:
        assert done.exit_code == 0, done.output
        assert (roots / "back" / "PG_VERSION").exists()
        assert [each.name for each in roots.iterdir()] == ["back"]
    finally:
        shutil.rmtree(roots)


def test_rds_restores_a_moment_as_a_new_instance_with_the_given_name(
    tmp_path: Path, bind: Callable[[str], TakenBackup], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RDS_ACCESS", ACCESS_KEY)
    monkeypatch.setenv("RDS_SECRET", SECRET_KEY)
    with moto_server(tmp_path) as url:
        client = grounds.rds_client(url)
        grounds.make_instance(client, "shop")
        keys = 'access_key = "env:RDS_ACCESS"\nsecret_key = "env:RDS_SECRET"'
        place = f'instance = "shop"\nregion = "{REGION}"\nendpoint_url = "{url}"'
        taken = bind(f'kind = "rds"\n{place}\n{keys}\n')

        done = toban(
            "--to", (taken.restorable_to + timedelta(milliseconds=1)).isoformat(), "--server", "shop-b"
        )

        assert done.exit_code == 0, done.output
        assert "戻しました: shop-b" in done.output
        names = [each["DBInstanceIdentifier"] for each in client.describe_db_instances()["DBInstances"]]
        assert sorted(names) == ["shop", "shop-b"]
    (entry,) = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT)
    assert entry.content["into"] == "shop-b"
