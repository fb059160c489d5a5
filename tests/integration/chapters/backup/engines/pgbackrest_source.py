"""A cluster whose log is archived by pgBackRest, and the engine for its stanza."""

import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.integration.chapters.backup.debian17 import Cluster, Debian17

from toban.chapters.backup.bindings import BackupBinding
from toban.chapters.backup.engines.pgbackrest import KIND
from toban.chapters.backup.engines.pgbackrest.engine import PgBackRestEngine

STANZA = "shop"


@dataclass
class Backed:
    """A cluster and its repository."""

    cluster: Cluster
    config: Path
    repo: Path

    def binding(self, **keys: object) -> BackupBinding:
        """Return the binding as `toban.toml` would contain it; the given keys override the defaults."""
        usual = {"stanza": STANZA, "command": self.cluster.debian.pgbackrest, "config": self.config}
        return KIND.config.model_validate({**usual, **keys})

    def engine(self, **keys: object) -> PgBackRestEngine:
        """Build the engine from the same keys."""
        engine = KIND.build("PostgreSQL", self.binding(**keys), None)
        assert isinstance(engine, PgBackRestEngine)
        return engine

    def pgbackrest(self, *arguments: str) -> str:
        """Run pgBackRest manually."""
        debian = self.cluster.debian
        action, *rest = arguments
        program = debian.programs / "bin" / "pgbackrest"
        return debian.run(program, action, f"--config={self.config}", f"--stanza={STANZA}", *rest)

    def empty_folder(self, name: str) -> Path:
        """Create a folder to restore into."""
        return self.cluster.debian.folder(name)

    def serve(self, folder: Path) -> Cluster:
        """Start the cluster that was restored into *folder*, and wait until it has recovered."""
        restored = Cluster(self.cluster.debian, folder.name)
        restored.start()
        restored.wait_for("SELECT NOT pg_is_in_recovery()")
        return restored

    def give(self, file: Path, text: str) -> None:
        """Write a file owned by the cluster's account."""
        file.write_text(text)
        account = self.cluster.debian.account
        if account:
            os.chown(file, account.pw_uid, account.pw_gid)

    def files_of(self, backup: str) -> list[Path]:
        """Return the files of a backup in the repository, largest last."""
        found = [path for path in (self.repo / "backup" / STANZA / backup).rglob("*") if path.is_file()]
        return sorted(found, key=lambda path: path.stat().st_size)


def configuration(cluster: Cluster, folder: Path) -> str:
    """Return pgBackRest's settings for a cluster."""
    return f"""\
[global]
repo1-path={folder / "repo"}
repo1-block=y
repo1-bundle=y
log-path={folder}
lock-path={folder / "lock"}
log-level-file=off
compress-type=zst
process-max=2
start-fast=y

[{STANZA}]
pg1-path={cluster.data}
pg1-port={cluster.port}
pg1-socket-path={cluster.debian.root}
pg1-user=postgres
"""


def make(debian: Debian17, name: str) -> Backed:
    """Start a cluster that archives to its own repository."""
    folder = debian.folder(f"{name}-pgbackrest")
    config = folder / "pgbackrest.conf"
    program = debian.programs / "bin" / "pgbackrest"
    archive = f"{program} --config={config} --stanza={STANZA} archive-push %p"
    cluster = Cluster(debian, name, {"archive_mode": "on", "archive_command": archive})
    backed = Backed(cluster, config, folder / "repo")
    backed.give(config, configuration(cluster, folder))
    cluster.make()
    cluster.start()
    backed.pgbackrest("stanza-create")
    cluster.sql(
        "CREATE TABLE orders (id int PRIMARY KEY, digest text)",
        "INSERT INTO orders SELECT n, md5(n::text) FROM generate_series(1, 200000) n",
    )
    return backed


def discard(made: Backed) -> None:
    """Stop the cluster and delete everything."""
    made.cluster.stop()
    shutil.rmtree(made.cluster.data)
    shutil.rmtree(made.config.parent)
