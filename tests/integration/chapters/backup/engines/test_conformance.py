"""One suite for every backup engine, and the table of possible failures of each."""

import ast
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from tests.integration.chapters.backup.by_hand import HandTurn
from tests.integration.chapters.backup.engines.failures import FAILURES, Cell, Impossible
from tests.integration.chapters.backup.engines.grounds import GROUNDS, ROWS, Ground
from tests.integration.chapters.backup.engines.watching import Watching, text_of
from tests.registered import kinds

from toban.chapters.backup import catalogue
from toban.chapters.backup.engine import ENGINE_KINDS, BackupFailed, Method, NeedsFull
from toban.chapters.backup.models import Backup
from toban.chapters.backup.rules import CopyRetention
from toban.chapters.backup.taking.source import BackupSource
from toban.chapters.backup.taking.steps import steps
from toban.design.values.duration import Generations
from toban.engine.bindings.secret import Secret
from toban.engine.stores import directory
from toban.message import Message

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
SECONDS = 60
KINDS = kinds(ENGINE_KINDS)
TAKING = sorted(name for name, kind in KINDS.items() if kind.methods)
"""The kinds that make backups; the others only watch a store that keeps its own copies."""


@pytest.fixture(params=TAKING, scope="module")
def ground(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ground]:
    with GROUNDS[request.param](tmp_path_factory.mktemp(request.param)) as made:
        yield made


def label(number: int, method: str = "full") -> str:
    """Return a separate label for each test that needs one."""
    return f"202611{number:02d}T020000Z-{method}"


def test_a_backup_is_verified_described_and_restored(ground: Ground, tmp_path: Path) -> None:
    engine = ground.engine()

    taken = engine.take(label(1), Method.FULL, None, Watching())

    assert (taken.label, taken.method, taken.parent) == (label(1), Method.FULL, "")
    assert KINDS[taken.engine] == ground.kind
    assert taken.system_id
    assert taken.started_at <= taken.ended_at
    assert taken.restorable_to.tzinfo is not None
    assert taken.source_bytes > 0
    assert catalogue.from_json(catalogue.to_json(taken)) == taken
    assert json.loads(json.dumps(taken.facts)) == taken.facts
    assert engine.verify(taken, Watching()).troubles in ((), [])
    assert ground.brought_back(engine, taken, tmp_path / f"back-{taken.engine}") == ROWS


def test_a_damaged_backup_is_found_and_not_restored(ground: Ground, tmp_path: Path) -> None:
    engine = ground.engine()
    taken = engine.take(label(2), Method.FULL, None, Watching())
    ground.damage(taken)

    checked = engine.verify(taken, Watching())

    assert not checked.is_whole
    assert checked.troubles
    with pytest.raises(BackupFailed):
        ground.brought_back(engine, taken, tmp_path / f"damaged-{taken.engine}")


@pytest.mark.slow
def test_a_second_attempt_under_the_same_label_leaves_one_backup(ground: Ground) -> None:
    engine = ground.engine()
    engine.take(label(3), Method.FULL, None, Watching())
    before = len(ground.on_hand())

    again = engine.take(label(3), Method.FULL, None, Watching())

    assert len(ground.on_hand()) == before
    assert engine.verify(again, Watching()).is_whole


@pytest.mark.slow
def test_removing_is_safe_to_repeat_and_leaves_the_others(ground: Ground) -> None:
    engine = ground.engine()
    old = engine.take(label(4), Method.FULL, None, Watching())
    new = engine.take(label(5), Method.FULL, None, Watching())

    engine.remove(old)
    engine.remove(old)

    assert not engine.verify(old, Watching()).is_whole
    assert engine.verify(new, Watching()).is_whole


@pytest.mark.slow
def test_a_stopped_backup_leaves_no_backup_and_its_label_is_free(ground: Ground) -> None:
    engine = ground.engine()
    before = ground.on_hand()

    with pytest.raises(BackupFailed):
        ground.held_up().take(label(6), Method.FULL, None, Watching(stops_after=0))

    # RDS continues by itself, and the next attempt finds the snapshot.
    assert ground.on_hand() == before or not ground.kind.needs_store
    assert engine.take(label(6), Method.FULL, None, Watching()).label == label(6)


def test_an_increment_is_based_on_its_full_backup_or_is_refused(ground: Ground) -> None:
    engine = ground.engine()
    assert engine.methods == ground.kind.methods
    full = engine.take(label(7), Method.FULL, None, Watching())

    if Method.INCREMENTAL in engine.methods:
        increment = engine.take(label(8, "incr"), Method.INCREMENTAL, full, Watching())
        assert (increment.method, increment.parent) == (Method.INCREMENTAL, full.label)
        with pytest.raises(NeedsFull):
            engine.take(label(9, "incr"), Method.INCREMENTAL, None, Watching())
    else:
        with pytest.raises(BackupFailed) as refusal:
            engine.take(label(8, "incr"), Method.INCREMENTAL, full, Watching())
        assert not refusal.value.retry


@pytest.mark.slow
def test_an_unreachable_source_raises_a_doubt_and_is_retryable(ground: Ground) -> None:
    assert list(ground.engine().doubts()) == []
    engine = ground.lost()

    began = time.monotonic()
    doubts = engine.doubts()
    took = time.monotonic() - began

    assert doubts
    # An operator waits at a terminal; a limit of a minute is not a performance target.
    assert took < SECONDS
    with pytest.raises(BackupFailed) as failure:
        engine.take(label(10), Method.FULL, None, Watching())
    assert failure.value.retry
    assert all(ground.secret not in text for text in (*map(text_of, doubts), str(failure.value)))


@pytest.mark.parametrize("written", ["postgresql//u:s3cret@h/shop", "host=h prot=5432 password=s3cret"])
def test_an_invalid_connection_string_raises_a_doubt_with_a_hint(
    ground: Ground, written: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if "dsn" not in ground.kind.config.model_fields:
        pytest.skip("it has no connection string")
    monkeypatch.setenv("A_DSN", written)
    config = ground.config.model_copy(update={"dsn": Secret("env:A_DSN")})
    store = directory.KIND.build(ground.store_config) if ground.store_config is not None else None

    (doubt,) = ground.kind.build("PostgreSQL", config, store).doubts()

    assert "接続文字列を読めません" in text_of(doubt)
    assert "の形で書いてください" in text_of(doubt)
    assert "s3cret" not in text_of(doubt)


@pytest.mark.slow
@pytest.mark.django_db
def test_the_policy_of_the_document_runs_on_the_engine(ground: Ground) -> None:
    kind = next(name for name, each in KINDS.items() if each == ground.kind)
    source = BackupSource(
        subject="PostgreSQL",
        kind_name=kind,
        kind=ground.kind,
        config=ground.config,
        store_name="倉庫",
        store_kind=directory.KIND if ground.store_config is not None else None,
        store_config=ground.store_config,
        keep={Method.FULL: CopyRetention(generations=Generations(1))},
        digest="0" * 64,
    )

    for run, day in enumerate((21, 22), start=1):
        turn = HandTurn(run, datetime(2026, 11, day, 2, tzinfo=UTC))
        for step in steps(source, Method.FULL, "backup/backup-policy/PostgreSQL/full"):
            # As JSON, in the way the ledger of runs stores the result of a step.
            result = step.act(turn)
            written = result.as_json() if isinstance(result, Message) else result
            turn.results[step.name] = json.loads(json.dumps(written))

    rows = Backup.objects.order_by("label")
    assert [row.label for row in rows] == [label(21), label(22)]
    assert [row.pruned_at is not None for row in rows] == [True, False]
    assert rows[1].verified_at is not None
    engine = ground.engine()
    assert engine.verify(catalogue.taken_of(rows[1]), Watching()).is_whole
    assert not engine.verify(catalogue.taken_of(rows[0]), Watching()).is_whole


@pytest.mark.slow
def test_closing_is_safe_to_repeat(ground: Ground) -> None:
    engine = ground.engine()
    engine.take(label(11), Method.FULL, None, Watching())

    engine.close()
    engine.close()


def cells() -> Iterator[tuple[str, str, Cell]]:
    for failure, by_kind in FAILURES.items():
        for kind, cell in by_kind.items():
            yield failure, kind, cell


def functions_of(module: str) -> frozenset[str]:
    tree = ast.parse((HERE / module).read_text(encoding="utf-8"))
    return frozenset(node.name for node in tree.body if isinstance(node, ast.FunctionDef))


@pytest.mark.parametrize("failure", FAILURES)
def test_every_failure_has_an_answer_for_every_engine(failure: str) -> None:
    assert sorted(FAILURES[failure]) == TAKING


@pytest.mark.parametrize(("failure", "kind", "cell"), list(cells()), ids=str)
def test_every_answer_is_an_existing_test_or_a_reason(failure: str, kind: str, cell: Cell) -> None:
    if isinstance(cell, Impossible):
        assert len(cell.why) > 20
    else:
        missing = [test for test in cell.tests if test not in functions_of(cell.module)]
        assert cell.tests
        assert missing == []
