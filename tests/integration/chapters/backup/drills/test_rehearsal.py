"""Restore drills of a real server whose log is streamed: green, and every way to fail."""

import io
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg
import pytest
from click.testing import CliRunner
from pypdf import PdfReader
from tests.integration.chapters.backup.drill_document import BINDINGS, DESIGN
from tests.integration.chapters.backup.engines.native.chains import Chain, make_chain
from tests.integration.chapters.backup.engines.native.log.test_wal import Book, following
from tests.integration.chapters.backup.engines.watching import Watching
from tests.integration.chapters.backup.postgres18 import Cluster, account, give_away, programs
from tests.registered import PARTS

from toban.chapters.backup import catalogue
from toban.chapters.backup.bindings import DrillBinding
from toban.chapters.backup.drills import certificate, postgres
from toban.chapters.backup.drills import routine as drills
from toban.chapters.backup.drills.check import checks_of
from toban.chapters.backup.drills.postgres import DrillServer, ServerPrograms
from toban.chapters.backup.drills.rehearsal import PREFIX, sweep
from toban.chapters.backup.engine import Method
from toban.chapters.backup.models import Backup, Drill
from toban.chapters.backup.taking.source import BackupSource
from toban.chapters.backup.works import source_of
from toban.design.clauses.routine import Routine
from toban.design.reader import Design, load_design
from toban.engine.bindings.load import load_bindings
from toban.engine.bindings.model import Bindings, System
from toban.engine.evidence import ledger
from toban.engine.evidence.certificate import pdf
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.models import Alert
from toban.engine.paper import NoFont
from toban.engine.runs.models import Run
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.faces.cli.backup.drill import command
from toban.message import NOTHING, Message

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Chain]:
    """A chain of a server whose log is streamed into the store all the time."""
    cluster = Cluster().make().start()
    root = tmp_path_factory.mktemp("store")
    store = DirectoryStore(DirectoryConfig(path=root))
    with ExitStack() as stack:
        stack.callback(cluster.remove)
        stack.enter_context(following(cluster.dsn, store, Book()))
        yield make_chain(cluster, store, root)


@pytest.fixture
def catalogued(chain: Chain) -> Chain:
    for taken in (chain.full, chain.increment):
        catalogue.record(taken, subject="PostgreSQL", clause_id="c", store="S3", verified_at=None)
    return chain


@pytest.fixture
def place() -> Iterator[Path]:
    """A folder for drills that any account can reach; socket paths must be short."""
    folder = Path(tempfile.mkdtemp(prefix="drills"))
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def design(tmp_path: Path) -> Design:
    (tmp_path / "ops.md").write_text(DESIGN)
    return load_design(tmp_path / "ops.md")


type Bound = Callable[..., Bindings]


@pytest.fixture
def bound(catalogued: Chain, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Bound:
    monkeypatch.setenv("BACKUP_DSN", catalogued.cluster.dsn)
    parts = PARTS

    def bind(drill: str = "", more: str = "", store: Path | None = None) -> Bindings:
        file = tmp_path / "toban.toml"
        where = {"store": store or catalogued.root, "binaries": programs(), "folder": place}
        file.write_text(BINDINGS.format(**where, drill=drill, more=more))
        return load_bindings(file, parts.schema)

    return bind


def source(design: Design, bindings: Bindings) -> BackupSource:
    parts = PARTS
    found = source_of("PostgreSQL", design, bindings, parts.kinds)
    assert isinstance(found, BackupSource), found
    return found


def hold(design: Design, bindings: Bindings) -> Drill:
    (routine,) = design.of(Routine)
    return drills.hold(source(design, bindings), Watching(), routine=routine, system=System())


def writing(cluster: Cluster, done: threading.Event) -> None:
    with psycopg.connect(cluster.superuser, autocommit=True) as connection:
        # Any faster, and each of the few snapshots may miss a commit with an older record.
        while not done.wait(0.01):
            connection.execute("UPDATE orders SET item = md5(item) WHERE id = (random() * 50000)::int")
            connection.execute("INSERT INTO born VALUES (1)")


def test_a_drill_restores_exactly_what_the_source_held_while_others_write(
    catalogued: Chain, design: Design, bound: Bound, place: Path
) -> None:
    bindings = bound(drill='query = "SELECT count(*) > 0 FROM orders"\nexpect = "True"')
    done = threading.Event()
    writers = [threading.Thread(target=writing, args=(catalogued.cluster, done)) for _ in range(3)]
    for writer in writers:
        writer.start()
    try:
        drill = hold(design, bindings)
    finally:
        done.set()
        for writer in writers:
            writer.join()

    assert drill.reason == NOTHING
    assert drill.is_passed is True
    checks = {str(check.name): check.passed for check in checks_of(drill)}
    assert checks == {"アプリのクエリー": True, "表の行数と中身": True, "ページのチェックサム": True}
    assert drill.label == catalogued.increment.label
    assert drill.rto_seconds is not None
    assert list(drill.phases)[:5] == ["plan", "fetch", "combine", "log", "sync"]
    assert drill.target is not None
    assert drill.target > catalogued.increment.ended_at
    assert list(place.iterdir()) == []


@pytest.mark.slow
def test_the_result_of_a_drill_becomes_evidence_and_the_status_of_the_routine(
    catalogued: Chain, design: Design, bound: Bound
) -> None:
    drill = hold(design, bound())

    (routine,) = design.of(Routine)
    assert drill.evidence_sequence is not None
    entry = LedgerEntry.objects.get(sequence=drill.evidence_sequence)
    assert (entry.clause_id, entry.content["event"]) == (routine.id, "restore-drill")
    assert entry.content["verdict"] == "conforming"
    assert ledger.verify().broken is None
    status = ClauseStatus.objects.get(clause_id=routine.id)
    assert status.verdict == "conforming"
    assert "合格" in str(status.value)
    assert Backup.objects.get(label=catalogued.increment.label).restored_at is not None


@pytest.mark.slow
def test_a_failed_query_opens_an_alert_and_the_next_good_drill_resolves_it(
    catalogued: Chain, design: Design, bound: Bound
) -> None:
    failed = hold(design, bound(drill='query = "SELECT count(*) FROM nowhere"'))

    assert failed.is_passed is False
    assert "nowhere" in str(failed.reason)
    (alert,) = Alert.objects.filter(resolved_at=None)
    assert alert.condition == "critical"
    assert "バックアップリストアテスト PostgreSQL" in str(alert.subject)
    (routine,) = design.of(Routine)
    assert ClauseStatus.objects.get(clause_id=routine.id).verdict == "deviating"

    passed = hold(design, bound(drill='query = "SELECT 1"'))

    assert passed.is_passed is True
    assert not Alert.objects.filter(resolved_at=None).exists()


def test_an_unexpected_query_result_is_red(catalogued: Chain, design: Design, bound: Bound) -> None:
    drill = hold(design, bound(drill='query = "SELECT count(*) FROM emptied"\nexpect = "1"'))

    assert drill.is_passed is False
    (check,) = [each for each in checks_of(drill) if each.name == Message("backup.check-query")]
    assert (str(check.found), str(check.wanted)) == ("0", "1")


def test_a_damaged_object_is_red_and_is_named(
    catalogued: Chain, design: Design, bound: Bound, tmp_path: Path
) -> None:
    broken = tmp_path / "broken"
    catalogued.copied(broken)
    key = max(catalogued.increment.objects, key=lambda stored: stored.size).key
    content = bytearray((broken / key).read_bytes())
    content[len(content) // 2] ^= 1
    (broken / key).write_bytes(content)

    # No log is streamed into the copy, so its drill must not wait for a moment of the source.
    drill = hold(design, bound(store=broken, more="wal = false"))

    assert drill.is_passed is False
    assert key in str(drill.reason)


def test_a_drill_that_cannot_compare_is_never_green(catalogued: Chain, design: Design, bound: Bound) -> None:
    drill = hold(design, bound(more="wal = false"))

    assert drill.is_passed is None
    assert "比べられません" in str(drill.reason)
    (routine,) = design.of(Routine)
    assert ClauseStatus.objects.get(clause_id=routine.id).verdict == "not-measurable"


def test_a_drill_without_a_backup_is_red(catalogued: Chain, design: Design, bound: Bound) -> None:
    Backup.objects.all().delete()

    drill = hold(design, bound())

    assert drill.is_passed is False
    assert "バックアップがありません" in str(drill.reason)


@pytest.mark.slow
def test_a_source_without_page_checksums_is_reported(catalogued: Chain, design: Design, bound: Bound) -> None:
    unchecked = replace(catalogued.increment, facts={**catalogued.increment.facts, "checksums": False})
    catalogue.record(unchecked, subject="PostgreSQL", clause_id="c", store="S3", verified_at=None)

    drill = hold(design, bound())

    assert drill.is_passed is None, drill.reason
    assert "チェックサムが有効でない" in str(drill.reason)


def test_the_folder_and_server_of_a_killed_drill_are_swept(place: Path) -> None:
    left = place / f"{PREFIX}left"
    left.mkdir()
    (left / "held").touch()
    cluster = Cluster().make()
    shutil.move(cluster.files, left / "data")
    give_away(left)
    server = DrillServer(
        ServerPrograms(programs(), postgres.account_for("nobody"), 18),
        left / "data",
        left / "log",
        {"listen_addresses": "", "unix_socket_directories": str(left), "port": "5432"},
    )
    server.start()
    server.wait(lambda: bool(postgres.running_on(left / "data")), Watching(), 60)
    number = postgres.running_on(left / "data")

    swept = sweep(place)

    assert number
    assert swept == 1
    assert not left.exists()
    # Only a zombie is left of the process, because its parent, this test, has not reaped it yet.
    assert Path(f"/proc/{number}/cmdline").read_bytes() == b""
    server.stop(signal.SIGKILL)
    assert account() is not None
    shutil.rmtree(cluster.folder)


@pytest.mark.slow
def test_a_running_drill_is_not_swept(catalogued: Chain, design: Design, bound: Bound, place: Path) -> None:
    swept: list[int] = []

    class Sweeping(Watching):
        def say(self, text: Message) -> None:
            super().say(text)
            swept.append(sweep(place))

    (routine,) = design.of(Routine)
    drill = drills.hold(source(design, bound()), Sweeping(), routine=routine, system=System())

    assert drill.is_passed is True
    assert set(swept) == {0}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("ja", ("復旧訓練の証明書", "合格", "目標 4時間", "表の行数と中身", "サーバーの復旧")),
        (
            "en",
            ("Restore drill certificate", "Passed", "objective 4時間", "Row counts and content", "recovery"),
        ),
    ],
)
def test_the_printed_certificate_states_every_result(
    catalogued: Chain, design: Design, bound: Bound, language: str, said: tuple[str, ...]
) -> None:
    drill = hold(design, bound())

    try:
        printed = pdf(certificate.certificate(drill, design, System(name="受付")), language)
    except NoFont:
        pytest.skip("needs a Japanese font (Debian: apt-get install fonts-ipaexfont-gothic)")

    # A cell may be broken into lines.
    text = " ".join(PdfReader(io.BytesIO(printed)).pages[0].extract_text().split())
    for words in (*said, "受付", drill.label):
        assert words in text


@pytest.mark.slow
def test_the_command_runs_a_drill_and_prints_its_result(
    catalogued: Chain, design: Design, bound: Bound, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bound()
    monkeypatch.setenv("TOBAN_DESIGN", str(tmp_path / "ops.md"))
    monkeypatch.setenv("TOBAN_BINDINGS", str(tmp_path / "toban.toml"))
    parts = PARTS

    done = CliRunner().invoke(command, ["restore"], obj=parts)
    listed = CliRunner().invoke(command, ["list", "--format", "json"], obj=parts)

    assert done.exit_code == 0, done.output
    assert "● 合格  PostgreSQL" in done.output
    assert "RTO" in done.output
    assert catalogued.increment.label in listed.output


def test_the_routine_of_the_document_becomes_a_work(design: Design, bound: Bound) -> None:
    bindings = bound()
    found = drills.plan(design, bindings, {"PostgreSQL": source(design, bindings)})

    (routine,) = design.of(Routine)
    assert list(found.works) == ["PostgreSQL/drill"]
    assert found.works["PostgreSQL/drill"].schedule == replace(routine.schedule, at=DrillBinding().at)
    assert found.rows == {routine.id: NOTHING}
    assert found.unbound == {}


DUMPED = """\
[stores.S3]
kind = "directory"
path = "{store}"

[backups.PostgreSQL]
kind = "pg_dump"
dsn = "env:BACKUP_DSN"
binaries = "{binaries}"
format = "plain"
compression = "gzip"

[backups.PostgreSQL.drill]
binaries = "{binaries}"
folder = "{folder}"
account = "nobody"
query = "SELECT count(*) FROM carts"
expect = "100"
"""


@pytest.fixture
def dumped(
    catalogued: Chain, place: Path, tmp_path: Path, bound: Bound, monkeypatch: pytest.MonkeyPatch
) -> Bindings:
    """A dump through gzip, as the document describes it."""
    bound()
    catalogued.cluster.sql("CREATE DATABASE shop")
    shop = catalogued.cluster.dsn.removesuffix("/postgres") + "/shop"
    with psycopg.connect(shop) as connection:
        connection.execute("CREATE TABLE carts AS SELECT generate_series(1, 100) AS id")
    monkeypatch.setenv("BACKUP_DSN", shop)
    (tmp_path / "dumps").mkdir()
    where = {"store": tmp_path / "dumps", "binaries": programs(), "folder": place}
    (tmp_path / "toban.toml").write_text(DUMPED.format(**where))
    return load_bindings(tmp_path / "toban.toml", PARTS.schema)


def test_a_dump_is_loaded_into_a_separate_server_and_queried(
    catalogued: Chain, design: Design, dumped: Bindings, place: Path
) -> None:
    Backup.objects.all().delete()
    found = source(design, dumped)
    with found.opened() as at_work:
        taken = at_work.engine.take("20261125T020000Z-full", Method.FULL, None, Watching())
    catalogue.record(taken, subject="PostgreSQL", clause_id="c", store="S3", verified_at=None)

    drill = hold(design, dumped)

    assert drill.reason == NOTHING
    assert drill.is_passed is True
    assert {str(check.name) for check in checks_of(drill)} == {"アプリのクエリー", "表の行数"}
    assert drill.rto_seconds is not None
    assert list(place.iterdir()) == []


def test_a_drill_that_was_due_and_not_run_is_reported(design: Design, bound: Bound) -> None:
    bindings = bound()
    found = drills.plan(design, bindings, {"PostgreSQL": source(design, bindings)})
    now = datetime(2026, 4, 7, tzinfo=UTC)
    ((never, _),) = [(update.verdict, update.reason) for update in drills.standing(found, now)]
    Run.objects.create(
        work="PostgreSQL/drill", due_at=datetime(2026, 4, 6, tzinfo=UTC), clause_id="c", document_digest="d",
        ordered_by="schedule", state=Run.State.MISSED, reason="missed", wake_at=now,
    )  # fmt: skip

    ((missed, reason),) = [(update.verdict, update.reason) for update in drills.standing(found, now)]

    assert (never, missed) == (Verdict.NOT_DUE, Verdict.NOT_PERFORMED)
    assert "2026-04-06 の訓練が行われていません" in str(reason)
    assert "The drill of 2026-04-06 was not held" in reason.in_language("en")


@pytest.mark.slow
def test_a_server_that_no_drill_started_is_never_stopped(catalogued: Chain, place: Path) -> None:
    number = postgres.running_on(catalogued.cluster.files)
    fake = place / f"{PREFIX}fake" / "data"
    fake.mkdir(parents=True)
    (fake / "postmaster.pid").write_text(f"{number}\n")

    assert sweep(place) == 1

    assert postgres.running_on(catalogued.cluster.files) == number


@pytest.mark.slow
def test_after_kill_9_the_next_drill_sweeps_folder_and_server_and_passes(
    chain: Chain, design: Design, bound: Bound, place: Path, tmp_path: Path
) -> None:
    bound()
    for taken in (chain.full, chain.increment):
        chain.store.put(catalogue.key_of("PostgreSQL", taken.label), catalogue.to_json(taken))
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "toban.settings",
        "TOBAN_HOME": str(tmp_path),
        "TOBAN_STATE_URL": f"sqlite:///{tmp_path}/state.sqlite3",
        "TOBAN_DESIGN": str(tmp_path / "ops.md"),
        "TOBAN_BINDINGS": str(tmp_path / "toban.toml"),
    }
    toban = [sys.executable, "-m", "toban"]
    migrate = [sys.executable, "-m", "django", "migrate", "--verbosity=0", "--skip-checks"]
    subprocess.run(migrate, env=environment, check=True)
    subprocess.run([*toban, "backup", "import"], env=environment, check=True, stdout=subprocess.DEVNULL)
    killed = subprocess.Popen([*toban, "drill", "restore"], env=environment, stderr=subprocess.DEVNULL)
    number = 0
    for _ in range(1200):
        number = next((postgres.running_on(each / "data") for each in place.glob(f"{PREFIX}*")), 0)
        if number or killed.poll() is not None:
            break
        time.sleep(0.05)
    killed.kill()
    killed.wait()
    (left,) = place.iterdir()
    assert number
    assert postgres.running_on(left / "data") == number

    done = subprocess.run(
        [*toban, "drill", "restore"], env=environment, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert list(place.iterdir()) == []
    assert not Path(f"/proc/{number}").exists()
