"""kill -9 at every step of every work of a document: nothing is repeated, lost or duplicated."""

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import psycopg
import pytest
from tests.integration.chapters.backup.postgres18 import Cluster, programs
from tests.integration.remote_host import RemoteHost, serving

from toban.engine import paper

PROGRAM = Path(__file__).with_name("every_work.py")
DOCUMENT = """# 運用設計書

## 3. ログ管理

### ログ種別
| ログ種別 | 出力先 | 保存期間 | 用途 |
|---|---|---|---|
| アクセスログ | ファイル | 90日 | 調査 |

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 月次 月末 2:00 | 30世代 | 倉庫 | 30日 |
| PostgreSQL | 増分バックアップ | 月次 月末 3:00 | 24世代 | 倉庫 | 24時間 |

## 6. バッチ処理

### バッチ一覧
| バッチID | バッチ名 | 実行タイミング | 実行時間 | 処理内容 | 失敗時の対応 |
|---|---|---|---|---|---|
| B001 | 集計 | 月次 | 月末23:00 | 集計 | 手動再実行 |
| B002 | 掃除 | 月次 | 月末23:10 | ログ削除 | 手動再実行 |
| B003 | 請求 | 月次 | 月末23:20 | 請求書 | 手動再実行 |
| B004 | 統計 | 月次 | 月末23:30 | 統計 | 手動再実行 |
| B005 | 遠隔 | 月次 | 月末23:40 | 遠隔 | 手動再実行 |

## 10. 定期作業

### 月次作業
| 作業項目 | 実施日 | 担当者 | 内容 |
|---|---|---|---|
| バックアップリストアテスト | 月末 4:00 | 開発担当者 | リストア |
"""
BINDINGS = '''
[stores."倉庫"]
kind = "directory"
path = "store"

[backups.PostgreSQL]
kind = "native"
dsn = "env:BOOKS"
wal = false

[backups.PostgreSQL.drill]
binaries = "{binaries}"
folder = "{drills}"
account = "nobody"

[batches.B001]
command = ["sh", "-c", "echo $BATCH_RUN >> counted"]

[batches.B002]
kind = "cleanup"

[batches.B002.paths]
"アクセスログ" = "logs/*.log"

[batches.B003]
kind = "invoices"
dsn = "env:BOOKS"
folder = "invoices"
query = """
SELECT customer, 'No. ' || customer AS name, '塩' AS item, 500 AS amount, 8 AS tax_rate
FROM generate_series(1, 3) AS customer WHERE %(start)s < %(end)s
"""

[batches.B003.issuer]
name = "南風商店株式会社"
registration = "T9999999999999"

[batches.B004]
kind = "statistics"
dsn = "env:BOOKS"
query = """SELECT 7 AS "注文" WHERE %(start)s < %(end)s"""

[batches.B005]
kind = "ssh"
host = "127.0.0.1"
port = {port}
user = "{user}"
key = "file:{key}"
known_hosts = "{known_hosts}"
command = ["true"]
'''
STEPS = {
    "B001": ["command"],
    "B002": ["find", "remove", "room"],
    "B003": ["number", "render", "record"],
    "B004": ["add-up"],
    "B005": ["ssh"],
    "PostgreSQL/full": ["take", "verify", "record", "prune"],
    "PostgreSQL/incremental": ["take", "verify", "record", "prune"],
    "PostgreSQL/drill": ["rehearse"],
}


@pytest.fixture
def cluster() -> Iterator[Cluster]:
    cluster = Cluster().make().start()
    with psycopg.connect(cluster.dsn) as connection:
        connection.execute("CREATE TABLE orders AS SELECT generate_series(1, 1000) AS id")
    yield cluster
    cluster.remove()


@pytest.fixture
def remote() -> Iterator[RemoteHost]:
    with serving("asyncssh") as host:
        yield host


@pytest.fixture
def drills() -> Iterator[Path]:
    """A folder that the account of the restored server can reach."""
    folder = Path(tempfile.mkdtemp(prefix="drills"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def environment(cluster: Cluster, remote: RemoteHost, drills: Path, tmp_path: Path) -> dict[str, str]:
    """The environment for the processes of a prepared Toban in a folder."""
    where = {
        "binaries": programs(), "drills": drills, "port": remote.port, "user": remote.user,
        "key": remote.key, "known_hosts": remote.write_known_hosts(),
    }  # fmt: skip
    (tmp_path / "運用設計書.md").write_text(DOCUMENT)
    (tmp_path / "toban.toml").write_text(BINDINGS.format(**where))
    for folder in ("store", "logs"):
        (tmp_path / folder).mkdir()
    environment = {
        **os.environ,
        "BOOKS": cluster.dsn,
        "DJANGO_SETTINGS_MODULE": "toban.settings",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "TOBAN_HOME": str(tmp_path),
        "TOBAN_STATE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
        "TOBAN_DESIGN": str(tmp_path / "運用設計書.md"),
        "TOBAN_BINDINGS": str(tmp_path / "toban.toml"),
    }
    subprocess.run([sys.executable, "-m", "toban", "prepare"], env=environment, check=True)
    return environment


def asked(home: Path, query: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(f"file:{home}/state.sqlite3?mode=ro", uri=True)) as database:
        return database.execute(query).fetchall()


def noted_edges(notes: Path) -> dict[str, int]:
    """Return how often each work was killed; no finished step may have been done again."""
    edges: dict[str, int] = {}
    finished: set[str] = set()
    for line in notes.read_text().splitlines():
        word, *rest = line.split()
        if word == "knows":
            finished = set(rest)
        elif word == "edges":
            edges[rest[0]] = int(rest[1])
        else:
            assert ":".join(rest) not in finished
    return edges


@pytest.mark.slow
def test_a_kill_before_or_after_any_step_repeats_loses_and_duplicates_nothing(
    environment: dict[str, str], drills: Path, tmp_path: Path
) -> None:
    try:
        paper.font()
    except paper.NoFont as reason:
        pytest.skip(str(reason))

    subprocess.run([sys.executable, PROGRAM], env=environment, check=True)

    edges = noted_edges(tmp_path / "notes")
    assert edges == {key: 2 * len(steps) for key, steps in STEPS.items()}
    # One completed run per order: one for each kill, and a last one without a kill.
    ended = Counter(asked(tmp_path, "SELECT work, state FROM runs_run"))
    assert ended == {(key, "done"): 2 * len(steps) + 1 for key, steps in STEPS.items()}
    recorded = Counter(
        asked(tmp_path, "SELECT r.work, s.name FROM runs_finishedstep s JOIN runs_run r ON r.id = s.run_id")
    )
    assert recorded == {(key, step): 2 * len(steps) + 1 for key, steps in STEPS.items() for step in steps}
    # Only the step running at the kill may have been done twice.
    counted = Counter((tmp_path / "counted").read_text().split())
    assert (len(counted), max(counted.values())) == (3, 2)
    assert list((tmp_path / "logs").glob("access-B002-*")) == []
    assert list(drills.iterdir()) == []
    numbers = asked(tmp_path, "SELECT DISTINCT number FROM invoices_invoice ORDER BY number")
    assert numbers == [(1,), (2,), (3,)]
    labels = [path.parent.name for path in (tmp_path / "store").rglob("backup.json")]
    assert sorted(labels) == sorted(set(labels))
