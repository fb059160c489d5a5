"""A whole policy with real parts: PostgreSQL 18, backed up by the native engine into an encrypted bucket."""

import shutil
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyrage
import pytest
from tests.integration.buckets import BucketOf, S3Server
from tests.integration.chapters.backup.by_hand import do
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster, programs
from tests.registered import schema

from toban.chapters.backup import catalogue, upkeep
from toban.chapters.backup.drills.rehearsal import rehearse
from toban.chapters.backup.engines.native import kind as native
from toban.chapters.backup.models import Backup
from toban.chapters.backup.works import BackupPlan, plan
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.registry.kinds import Kinds
from toban.engine.stores import s3
from toban.engine.stores.s3.config import S3Config
from toban.engine.stores.store import StoreTrouble
from toban.message import NOTHING

pytestmark = pytest.mark.django_db(transaction=True)

DAY = timedelta(days=1)
TWO = datetime(2026, 11, 24, 17, tzinfo=UTC)
DOCUMENT = """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (2:00) | 2世代 | S3 | - |
| PostgreSQL | 増分バックアップ | 1時間毎 | 1世代 | S3 | - |
"""


@pytest.fixture(scope="module")
def cluster() -> Iterator[Cluster]:
    cluster = Cluster().make().start()
    cluster.sql("CREATE TABLE orders AS SELECT id, md5(id::text) AS item FROM generate_series(1, 5000) AS id")
    yield cluster
    cluster.remove()


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for drills that any account can reach."""
    folder = Path(tempfile.mkdtemp(prefix="drills"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def config(nanio: S3Server, bucket_of: BucketOf, place: Path, tmp_path: Path) -> S3Config:
    identity = pyrage.x25519.Identity.generate()
    (tmp_path / "identity").write_text(str(identity))
    config = bucket_of(nanio)
    (tmp_path / "toban.toml").write_text(
        f'[stores.S3]\nkind = "s3"\nbucket = "{config.bucket}"\nprefix = "shop"\nregion = "us-east-1"\n'
        f'endpoint = "{nanio.url}"\naccess_key = "{config.access_key}"\nsecret_key = "{config.secret_key}"\n'
        f'encrypt_to = ["{identity.to_public()}"]\nidentity = "file:identity"\n'
        '[backups.PostgreSQL]\nkind = "native"\ndsn = "env:BACKUP_DATABASE_URL"\nwal = false\n'
        f'[backups.PostgreSQL.drill]\nbinaries = "{programs()}"\nfolder = "{place}"\naccount = "nobody"\n'
    )
    return config


@pytest.fixture
def planned(
    cluster: Cluster, config: S3Config, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> BackupPlan:
    monkeypatch.setenv("BACKUP_DATABASE_URL", cluster.dsn)
    kinds = Kinds.given(backups={"native": native.KIND}, stores={"s3": s3.KIND})
    known = schema(stores={"s3": S3Config}, backups={"native": native.KIND.config})
    path = tmp_path / "toban.toml"
    bindings = read_bindings(path.read_text(), path, known)
    return plan(read_design(DOCUMENT, "運用設計書.md"), bindings, kinds)


def labels() -> list[str]:
    return [row.label for row in catalogue.on_hand("PostgreSQL")]


def test_a_chain_is_taken_read_back_and_pruned(
    planned: BackupPlan, cluster: Cluster, nanio: S3Server, config: S3Config
) -> None:
    full, increment = (planned.works[f"PostgreSQL/{each}"] for each in ("full", "incremental"))

    do(full, 1, TWO)
    cluster.sql("UPDATE orders SET item = 'changed' WHERE id % 100 = 0")
    do(increment, 2, TWO + timedelta(hours=1))
    row = Backup.objects.get(method="incremental")
    for day in (1, 2):
        do(full, 2 + day, TWO + day * DAY)
    do(increment, 5, TWO + 2 * DAY + timedelta(hours=1))

    assert (row.parent, row.verified_at is not None) == ("20261124T170000Z-full", True)
    assert labels() == ["20261125T170000Z-full", "20261126T170000Z-full", "20261126T180000Z-incr"]
    stored = nanio.client().list_objects_v2(Bucket=config.bucket)["Contents"]
    folders = [each["Key"].split("/")[2:-1] for each in stored]
    assert {folder for each in folders for folder in each} == set(labels())
    body = nanio.client().get_object(Bucket=config.bucket, Key=stored[0]["Key"])["Body"].read()
    assert body.startswith(b"age-encryption.org/v1")


@pytest.mark.slow
def test_encrypted_objects_in_the_bucket_are_restored_by_a_drill(
    planned: BackupPlan, cluster: Cluster, place: Path
) -> None:
    do(planned.works["PostgreSQL/full"], 1, TWO)
    cluster.sql("UPDATE orders SET item = 'changed' WHERE id % 100 = 1")
    do(planned.works["PostgreSQL/incremental"], 2, TWO + timedelta(hours=1))

    outcome = rehearse(planned.sources["PostgreSQL"], Watching())

    assert outcome.label == "20261124T180000Z-incr", outcome.reason
    assert outcome.rto_seconds is not None
    found = {str(check.name): check.passed for check in outcome.checks}
    # Without stored log it is unknown what the source held at that moment: that is never green.
    assert found == {"表の行数と中身": None, "ページのチェックサム": True}
    assert list(place.iterdir()) == []


@pytest.mark.slow
def test_a_lost_catalogue_is_imported_and_damage_is_found_by_drill_and_verify(
    planned: BackupPlan, nanio: S3Server, config: S3Config
) -> None:
    do(planned.works["PostgreSQL/full"], 1, TWO)
    source = planned.sources["PostgreSQL"]
    before = catalogue.taken_of(Backup.objects.get())
    Backup.objects.all().delete()

    with source.opened() as at_work:
        upkeep.bring_in(source, at_work, {}, by="nami")
        row = Backup.objects.get()
        whole = upkeep.verify(source, at_work, row, Watching())
        key = f"shop/{before.objects[0].key}"
        client = nanio.client()
        content = bytearray(client.get_object(Bucket=config.bucket, Key=key)["Body"].read())
        content[len(content) // 2] ^= 1
        client.put_object(Bucket=config.bucket, Key=key, Body=bytes(content))
        rehearsed = rehearse(source, Watching())
        damaged = upkeep.verify(source, at_work, row, Watching())

    assert catalogue.taken_of(row) == before
    assert whole.is_whole
    assert rehearsed.passed is False
    assert before.objects[0].key in str(rehearsed.reason)
    assert not damaged.is_whole
    assert before.objects[0].key in str(Backup.objects.get().trouble)


@pytest.mark.slow
def test_a_chain_that_cannot_be_decrypted_is_not_called_damaged(
    planned: BackupPlan, tmp_path: Path, config: S3Config
) -> None:
    do(planned.works["PostgreSQL/full"], 1, TWO)
    (tmp_path / "identity").write_text(str(pyrage.x25519.Identity.generate()))
    source = planned.sources["PostgreSQL"]

    with source.opened() as at_work, pytest.raises(StoreTrouble, match="identity"):
        upkeep.verify(source, at_work, Backup.objects.get(), Watching())

    assert Backup.objects.get().trouble == NOTHING
