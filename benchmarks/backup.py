"""Backups and restores side by side: `python -m benchmarks.backup [--scale 200] [--rounds 3]`.

One PostgreSQL 18 with a pgbench database (scale 200 is about 3 GB) is backed up to folders of one disk by the
native engine, by pgBackRest (zst, 2 processes, bundles, block incremental) and by the `pg_dump | gzip` that
documents use. Contiguous changes are the first 1% of the accounts, scattered ones a random 1% more. An
increment is based on the full backup and taken after a checkpoint. A restore ends when the server accepts
writes, recovered to the end of the backup; for SQL, when psql has loaded it into a running server. pgbench
fills its rows with blanks, which compress like no real data: a checksum replaces a third of them.

The page cache is warm. The tools take turns, each round in the opposite order. Seconds are medians of the
rounds, ratios medians of each round's own ratio: other load on the machine affects both tools. Rows and sums
of the restored data are compared with the source's.

How many blocks 1% of scattered rows touch depends on the rows: pgbench's are short (61 to a block), and a
table without free space (`--fillfactor 100`, the default) moves each changed row, so that nearly every block
of the primary key changes, too. `--fillfactor 90` leaves room for rows to change in place.
"""

import itertools
import os
import secrets
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import click
from benchmarks.figures import parts_of_tests, state
from tests.integration.chapters.backup import debian17, postgres18
from tests.integration.chapters.backup.debian17 import Debian17
from tests.integration.chapters.backup.postgres18 import Cluster

from toban.chapters.backup.engine import BackupEngine, Method, RestoreOrder, TakenBackup
from toban.chapters.backup.engines.native.kind import KIND as NATIVE
from toban.chapters.backup.engines.pgbackrest import KIND as PGBACKREST
from toban.chapters.backup.engines.program import QUIET
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore

SUMS = "SELECT count(*), sum(abalance), sum(hashtext(filler)) FROM pgbench_accounts"
MIB = 1 << 20
STANZA = "bench"
NAMES = ("native", "pgbackrest", "document")


@dataclass
class Figures:
    """What was measured: seconds by act and tool, and bytes stored."""

    seconds: dict[tuple[str, str], list[float]] = field(default_factory=dict)
    stored: dict[tuple[str, str], int] = field(default_factory=dict)

    @contextmanager
    def timed(self, act: str, tool: str) -> Iterator[None]:
        """Record how long the block takes."""
        os.sync()
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self.seconds.setdefault((act, tool), []).append(took)
        click.echo(f"  {act:<22} {tool:<11} {took:7.2f} s", err=True)

    def show(self, size: int) -> None:
        """Print a table: medians, rates, bytes, and how the native engine compares with pgBackRest."""
        acts = list(dict.fromkeys(act for act, _ in self.seconds))
        print(f"\n{'':<22} {'tool':<11} {'s':>7} {'MB/s':>6} {'MB stored':>10}")
        for act in acts:
            for tool in NAMES:
                taken = self.seconds.get((act, tool))
                if taken:
                    middle = statistics.median(taken)
                    stored = self.stored.get((act, tool))
                    shown = f"{stored / 1e6:10.1f}" if stored else " " * 10
                    print(f"{act:<22} {tool:<11} {middle:7.2f} {size / 1e6 / middle:6.0f} {shown}")
        print("\nnative / pgbackrest")
        for act in acts:
            if (act, "pgbackrest") in self.seconds:
                print(f"{act:<22} {self._ratios(act)}")
                own, other = (statistics.median(self.seconds[act, tool]) for tool in NAMES[:2])
                state(act, own, "s", peer=("pgBackRest", other))

    def _ratios(self, act: str) -> str:
        rounds = zip(*(self.seconds[act, tool] for tool in NAMES[:2]), strict=True)
        text = f"time {statistics.median(ours / theirs for ours, theirs in rounds):5.2f}"
        if (act, "native") in self.stored:
            text += f"   bytes {self.stored[act, 'native'] / self.stored[act, 'pgbackrest']:5.2f}"
        return text


@dataclass
class Bench:
    """The source, the two engines on it, and the places for all files."""

    debian: Debian17
    source: Cluster
    folder: Path
    engines: dict[str, BackupEngine]
    figures: Figures = field(default_factory=Figures)
    newest: dict[str, TakenBackup] = field(default_factory=dict)
    """The newest full backup of each engine."""
    increments: dict[str, TakenBackup] = field(default_factory=dict)
    _turns: Iterator[int] = field(default_factory=itertools.count)

    def taking_turns(self) -> Sequence[tuple[str, BackupEngine]]:
        """Return the tools, each time in the opposite order."""
        return list(self.engines.items())[:: 1 if next(self._turns) % 2 == 0 else -1]

    def full(self) -> None:
        """Take a full backup with each tool."""
        for tool, engine in self.taking_turns():
            with self.figures.timed("full", tool):
                self.newest[tool] = engine.take(_label(), Method.FULL, None, QUIET)
            self._note("full", tool, self.newest[tool])
        dump = self.folder / "backup.sql.gz"
        with self.figures.timed("full", "document"):
            self.sh(f"pg_dump {self.source.superuser!r} | gzip > {dump}; sync {dump}")
        self.figures.stored["full", "document"] = dump.stat().st_size

    def increment(self, act: str) -> None:
        """Take an increment on the newest full backup with each tool."""
        self.source.sql("CHECKPOINT")
        for tool, engine in self.taking_turns():
            parent = self.newest[tool]
            with self.figures.timed(act, tool):
                self.increments[tool] = engine.take(_label(), Method.INCREMENTAL, parent, QUIET)
            assert self.increments[tool].method is Method.INCREMENTAL
            self._note(act, tool, self.increments[tool])

    def restore(self) -> None:
        """Restore full and newest increment to a running server with each tool; and the document's SQL."""
        wanted = self.source.sql(SUMS)
        for tool, engine in self.taking_turns():
            self._bring_back("restore full", tool, engine, [self.newest[tool]], None)
        for tool, engine in self.taking_turns():
            chain = [self.newest[tool], self.increments[tool]]
            self._bring_back("restore full + incr", tool, engine, chain, wanted)
        self._load_sql()

    def _bring_back(
        self, act: str, tool: str, engine: BackupEngine, chain: Sequence[TakenBackup], wanted: object | None
    ) -> None:
        server = Cluster()
        # In place: pgBackRest writes the path of the restore into the command that fetches the log.
        server.files = into = self._empty(f"restored-{secrets.token_hex(4)}")
        try:
            with self.figures.timed(act, tool):
                done = engine.restore(RestoreOrder(chain=chain, into=into, follows_log=False), QUIET)
                postgres18.give_away(into)
                server.start(archive_mode="off", fsync="on")
                while server.sql("SELECT pg_is_in_recovery()") == [(True,)]:
                    time.sleep(0.02)
            phases = ", ".join(f"{name} {seconds:.2f}" for name, seconds in done.phases.items())
            click.echo(f"    {phases}", err=True)
            assert wanted is None or server.sql(SUMS) == wanted
        finally:
            server.remove()
            shutil.rmtree(into)

    def _load_sql(self) -> None:
        server = Cluster(fsync="on", max_wal_size="4GB").make().start()
        quiet = "psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --output=/dev/null"
        with self.figures.timed("restore full", "document"):
            self.sh(f"gunzip -c {self.folder / 'backup.sql.gz'} | {quiet} {server.superuser!r}")
        server.remove()

    def sh(self, script: str) -> None:
        """Run what an operator would type."""
        path = f"{postgres18.programs()}:{os.environ['PATH']}"
        command = ["bash", "-euo", "pipefail", "-c", script]
        subprocess.run(command, check=True, env={**os.environ, "PATH": path})

    def _empty(self, name: str) -> Path:
        into = self.folder / name
        into.mkdir(mode=0o700)
        postgres18.give_away(into)
        return into

    def _note(self, act: str, tool: str, taken: TakenBackup) -> None:
        self.figures.stored[act, tool] = sum(each.size for each in taken.objects)


_labels = iter(range(10_000))


def _label() -> str:
    return f"20261125T{next(_labels):06d}Z"


def pgbackrest_configuration(source: Cluster, folder: Path) -> str:
    """Return pgBackRest's settings for the source."""
    return f"""\
[global]
repo1-path={folder}/repo
repo1-block=y
repo1-bundle=y
lock-path={folder}/lock
log-level-file=off
compress-type=zst
process-max=2
start-fast=y

[{STANZA}]
pg1-path={source.files}
pg1-port={source.port}
pg1-socket-path={source.folder}
pg1-user=postgres
"""


@contextmanager
def prepared(scale: int, fillfactor: int, place: Path | None) -> Iterator[Bench]:
    """Create the source and its database, and remove everything afterwards."""
    debian = debian17.find()
    folder = Path(tempfile.mkdtemp(prefix="backup-bench-", dir=place))
    folder.chmod(0o711)
    backrest = folder / "pgbackrest"
    backrest.mkdir()
    configuration = backrest / "pgbackrest.conf"
    program = " ".join(debian.pgbackrest[-3:]) if debian.account else debian.pgbackrest[-1]
    source = Cluster(
        fsync="on",
        shared_buffers="256MB",
        max_wal_size="8GB",
        checkpoint_timeout="1h",
        archive_mode="on",
        archive_command=f"{program} --config={configuration} --stanza={STANZA} archive-push %p",
    )
    configuration.write_text(pgbackrest_configuration(source, backrest))
    postgres18.give_away(backrest)
    store = folder / "store"
    store.mkdir()
    try:
        source.make().start()
        create = [*debian.pgbackrest, "stanza-create", f"--config={configuration}", f"--stanza={STANZA}"]
        subprocess.run(create, check=True)
        size = (f"--scale={scale}", f"--fillfactor={fillfactor}")
        source.run("pgbench", "--initialize", "--quiet", *size, source.superuser)
        source.sql("ALTER TABLE pgbench_accounts ALTER filler TYPE char(84) USING md5(aid::text)")
        source.sql("VACUUM ANALYZE pgbench_accounts")
        source.sql("CHECKPOINT")
        os.environ["BENCH_DSN"] = source.dsn
        theirs = PGBACKREST.config.model_validate(
            {"stanza": STANZA, "command": debian.pgbackrest, "config": configuration}
        )
        ours = NATIVE.config.model_validate({"dsn": "env:BENCH_DSN"})
        engines = {
            "native": NATIVE.build("bench", ours, DirectoryStore(DirectoryConfig(path=store))),
            "pgbackrest": PGBACKREST.build("bench", theirs, None),
        }
        yield Bench(debian, source, folder, engines)
    finally:
        source.remove()
        shutil.rmtree(folder)
        shutil.rmtree(debian.root)


def repeated(rounds: int, acts: Sequence[Callable[[], None]]) -> None:
    """Run all of *acts* this many times."""
    for _ in range(rounds):
        for act in acts:
            act()


@click.command()
@click.option(
    "--scale", type=click.IntRange(1), default=200, show_default=True, help="Of pgbench; 15 MB each."
)
@click.option(
    "--fillfactor", type=click.IntRange(10, 100), default=100, show_default=True, help="Of pgbench."
)
@click.option("--rounds", type=click.IntRange(1), default=3, show_default=True)
@click.option("--place", type=click.Path(path_type=Path, file_okay=False), help="The disk to work on.")
def main(scale: int, fillfactor: int, rounds: int, place: Path | None) -> None:
    """Print seconds, rates, bytes stored, and the ratios of the native engine to pgBackRest."""
    with parts_of_tests(), prepared(scale, fillfactor, place) as bench:
        ((size,),) = bench.source.sql("SELECT pg_database_size('postgres')")
        assert isinstance(size, int)
        made = f"pgbench scale {scale}, fillfactor {fillfactor}: {size / 1e9:.2f} GB"
        print(f"{made}, {os.cpu_count()} cores, {rounds} rounds")
        repeated(rounds, [bench.full])
        accounts = scale * 100_000
        bench.source.sql(f"UPDATE pgbench_accounts SET abalance = 1 WHERE aid <= {accounts // 100}")  # noqa: S608
        repeated(rounds, [lambda: bench.increment("1% contiguous")])
        bench.source.sql("UPDATE pgbench_accounts SET abalance = 2 WHERE random() < 0.01")
        repeated(rounds, [lambda: bench.increment("1% scattered")])
        repeated(rounds, [bench.restore])
        bench.figures.show(size)


if __name__ == "__main__":
    main()
