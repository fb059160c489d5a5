"""Days of logs in an archive: stored and read back before they are deleted, and found by the same search."""

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import pyrage
import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import schema
from tests.telemetry_rows import LogRow, batch_of

from toban.chapters.logs.keeping import keeper as keeping
from toban.chapters.logs.keeping.archive import ArchivedLogs, LogArchive, NoArchive, NotArchived, ShippedFirst
from toban.chapters.logs.keeping.archive_rules import ArchiveManifest
from toban.chapters.logs.keeping.keeper import Keeper
from toban.chapters.logs.models import Keeping
from toban.chapters.logs.rules import LogRules, rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.bindings.secret import Secret
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.stores import s3
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.sealed import SealedStore
from toban.engine.stores.store import ListedObject, Store, StoredObject, StoreTrouble, Writer
from toban.engine.telemetry.logs.days import DayPart, LogDays
from toban.engine.telemetry.logs.language import read_search
from toban.engine.telemetry.logs.rows import NO_DURATION, LogStore, key_of
from toban.engine.telemetry.logs.search import LogSearch, TimeSpan
from toban.engine.telemetry.store import Telemetry
from toban.message import NOTHING, Message, plain

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 26, 12, tzinfo=TOKYO)
OLD = date(2026, 5, 10)
WHOLE = TimeSpan(datetime(2026, 5, 1, tzinfo=UTC), datetime(2026, 11, 27, tzinfo=UTC))
ACCESS = "logs/log-kind/アクセスログ"
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | 90日 |
"""


def written() -> LogRules:
    return rules(read_design(DOCUMENT, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telemetry]:
    with StoreProcess(tmp_path_factory.mktemp("archive") / "store") as process:
        process.telemetry = Telemetry(process.telemetry_url)
        process.telemetry.ensure_schema()
        yield process.telemetry


@pytest.fixture
def telemetry(child: Telemetry) -> Telemetry:
    """A store with 40 access rows of an old day, and 3 of today."""
    child.do("TRUNCATE TABLE logs", {})
    for day, count in ((OLD, 40), (NOON.date(), 3)):
        rows = [row(day, number) for number in range(1, count + 1)]
        LogStore(child).write(batch_of(key_of("shop", "", day.isoformat().encode()), rows))
    Keeping.objects.create(kind="access", agreed="90日")
    return child


def row(day: date, number: int) -> LogRow:
    at = datetime(day.year, day.month, day.day, 0, number % 60, tzinfo=TOKYO).timestamp() + number / 1000
    level, status = ("ERROR", 500) if number % 10 == 0 else ("INFO", 200)
    return LogRow(
        "access", day.isoformat(), at, level, "shop-api", f"注文 {number} 'quoted' \\ done", f"user-{number}",
        f"req-{number}", "", "", "10.0.0.1", "GET", "/orders", status, 12.5 if number % 2 else NO_DURATION,
        {"cart": {"items": number}, "名": "値"}, "shop", number,
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> DirectoryStore:
    (tmp_path / "archive").mkdir()
    return DirectoryStore(DirectoryConfig(path=tmp_path / "archive"))


def part(telemetry: Telemetry, day: date = OLD) -> DayPart:
    return next(each for each in LogDays(telemetry).parts() if each.day == day)


def days(telemetry: Telemetry) -> list[date]:
    return sorted(each.day for each in LogDays(telemetry).parts())


def keys(store: Store) -> list[str]:
    return [each.key for each in store.listing("")]


def step(telemetry: Telemetry, archive: LogArchive | NoArchive | None, at: datetime = NOON) -> None:
    Keeper(LogDays(telemetry)).step(written(), at, "d", archive)


def proof() -> dict[str, object]:
    entry = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.PROOF).order_by("-sequence").first()
    assert entry is not None
    return dict(entry.content)


@pytest.fixture(
    params=[
        "directory",
        pytest.param("s3", marks=pytest.mark.slow),
        pytest.param("sealed", marks=pytest.mark.slow),
    ]
)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "s3":
        return s3.KIND.build(request.getfixturevalue("bucket_of")(request.getfixturevalue("nanio")))
    (tmp_path / "place").mkdir()
    key = pyrage.x25519.Identity.generate()
    (tmp_path / "key").write_text(str(key))
    config = DirectoryConfig(
        path=tmp_path / "place",
        encrypt_to=(str(key.to_public()),) if request.param == "sealed" else (),
        identity=Secret(f"file:{tmp_path / 'key'}"),
    )
    return SealedStore(DirectoryStore(config), config)


def test_a_day_is_deleted_once_archived_and_found_unchanged_in_the_archive(
    telemetry: Telemetry, store: Store
) -> None:
    search = read_search('level:ERROR cart.items:>=20 "注文"').terms
    before = LogSearch(telemetry).newest(search, WHOLE, limit=100)

    step(telemetry, LogArchive(store, telemetry))

    archived = ArchivedLogs(store)
    found = archived.newest(archived.manifests(search, WHOLE), search, WHOLE, limit=100)
    assert days(telemetry) == [NOON.date()]
    assert found == before
    assert [each.request_id for each in found] == ["req-40", "req-30", "req-20"]


def test_the_daily_proof_names_the_object(telemetry: Telemetry, folder: DirectoryStore) -> None:
    step(telemetry, LogArchive(folder, telemetry))

    content = proof()
    assert content["archived"] == [["2026-05-10", "logs/access/2026-05-10/manifest.json"]]
    assert (content["rows_deleted"], content["rows_kept"]) == (40, 3)
    manifest = ArchiveManifest.model_validate_json(folder.read("logs/access/2026-05-10/manifest.json"))
    assert (manifest.kind, manifest.day, manifest.rows) == ("access", OLD, 40)
    assert [each.rows for each in manifest.parts] == [40]
    assert {each.key for each in manifest.parts} < set(keys(folder))


@pytest.mark.slow
def test_archived_rows_are_readable_by_any_parquet_reader(
    telemetry: Telemetry, folder: DirectoryStore
) -> None:
    key = LogArchive(folder, telemetry).keep(part(telemetry), NOON)
    (file,) = ArchiveManifest.model_validate_json(folder.read(key)).parts

    found = duckdb.execute(
        f"""SELECT count(*), min("at"), max(status), sum((attributes->'cart'->>'items')::INT)
        FROM read_parquet('{folder.name}/{file.key}')"""  # noqa: S608 - the test's own folder
    ).fetchall()

    assert found == [(40, datetime(2026, 5, 9, 15, 1, 0, 1000, tzinfo=UTC), 500, 820)]


@pytest.mark.slow
def test_a_large_day_has_several_parts(telemetry: Telemetry, folder: DirectoryStore) -> None:
    telemetry.do(
        """INSERT INTO logs (kind, day, at, level, message, attributes, batch, number)
        SELECT 'access', '2026-05-11', toDateTime64('2026-05-11 01:00:00', 3, 'UTC') + number / 100, 'INFO',
        concat('request ', toString(number)), '{"n":1}', 1, number FROM numbers(700000)""",
        {},
    )

    LogArchive(folder, telemetry).keep(part(telemetry, OLD + timedelta(days=1)), NOON)

    archived = ArchivedLogs(folder)
    manifests = archived.manifests((), WHOLE)
    assert [each.rows for each in manifests[0].parts] == [498_000, 202_000]
    newest = archived.newest(manifests, read_search("-699999").terms, WHOLE, limit=3)
    assert [each.place.number for each in newest] == [699_998, 699_997, 699_996]
    oldest = archived.newest(manifests, read_search('"request 7 "').terms, WHOLE, limit=3)
    assert oldest == []


class Faulty:
    """A folder as a store with one defect."""

    def __init__(
        self, inner: DirectoryStore, *, damages: str = "", loses: str = "", refuses: str = ""
    ) -> None:
        self._inner, self._damages, self._loses, self._refuses = inner, damages, loses, refuses

    @property
    def name(self) -> str:
        return self._inner.name

    def writer(self, key: str) -> AbstractContextManager[Writer]:
        self._refuse(key)
        return self._inner.writer(key)

    def put(self, key: str, content: bytes) -> StoredObject:
        self._refuse(key)
        return self._inner.put(key, content)

    def add(self, key: str, content: bytes) -> StoredObject:
        return self._inner.add(key, content)

    def lock(self, key: str, until: datetime, mode: str) -> str:
        return self._inner.lock(key, until, mode)

    def read(self, key: str) -> bytes:
        return self._inner.read(key)

    def stream(self, key: str, *, sha256: str = "") -> Iterator[bytes]:
        if self._damages and key.endswith(self._damages):
            path = Path(self._inner.name, key)
            path.write_bytes(path.read_bytes().replace(b"shop-api", b"shop-apx"))
        return self._inner.stream(key, sha256=sha256)

    def listing(self, prefix: str) -> Iterator[ListedObject]:
        return (
            each
            for each in self._inner.listing(prefix)
            if not (self._loses and each.key.endswith(self._loses))
        )

    def delete(self, keys: Sequence[str]) -> None:
        self._inner.delete(keys)

    def sweep(self, prefix: str, before: datetime) -> int:
        return self._inner.sweep(prefix, before)

    def guard(self) -> Message:
        return self._inner.guard()

    def close(self) -> None:
        self._inner.close()

    def _refuse(self, key: str) -> None:
        if self._refuses and key.endswith(self._refuses):
            raise StoreTrouble(plain(f"{self.name}: 書けません"))


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        ({"refuses": ".parquet"}, "書けません"),
        ({"refuses": "manifest.json"}, "書けません"),
        ({"loses": ".parquet"}, "一覧に"),
        ({"damages": ".parquet"}, "SHA-256"),
    ],
)
def test_a_day_that_cannot_be_archived_stays_and_an_alert_is_raised(
    telemetry: Telemetry, folder: DirectoryStore, fault: dict[str, str], told: str
) -> None:
    step(telemetry, LogArchive(Faulty(folder, **fault), telemetry))

    status = ClauseStatus.objects.get(clause_id=ACCESS)
    alert = Alert.objects.get(clause_id=ACCESS)
    assert days(telemetry) == [OLD, NOON.date()]
    assert status.verdict == "warning"
    assert "アーカイブできないため削除していません (1日分 40行" in str(status.reason)
    assert told in str(status.reason)
    assert (alert.condition, alert.citation) == ("warning", "運用設計書.md:6")
    assert (proof()["waits"], proof()["deleted"]) == ("not-archived", [])
    assert keys(folder) == []


def test_days_are_deleted_and_the_alert_resolved_once_the_archive_works_again(
    telemetry: Telemetry, folder: DirectoryStore
) -> None:
    step(telemetry, NoArchive(plain("toban.toml に [stores.S3] がありません")))
    assert "toban.toml に [stores.S3] がありません" in str(ClauseStatus.objects.get(clause_id=ACCESS).reason)

    step(telemetry, LogArchive(folder, telemetry), NOON + timedelta(minutes=1))

    assert days(telemetry) == [NOON.date()]
    assert ClauseStatus.objects.get(clause_id=ACCESS).verdict == "conforming"
    assert not Alert.objects.filter(resolved_at=None)
    assert proof()["rows_deleted"] == 40


@pytest.mark.slow
def test_a_day_archived_before_toban_was_stopped_is_not_archived_again(
    telemetry: Telemetry, folder: DirectoryStore
) -> None:
    LogArchive(folder, telemetry).keep(part(telemetry), NOON)
    there = keys(folder)

    step(telemetry, LogArchive(folder, telemetry))

    assert days(telemetry) == [NOON.date()]
    assert keys(folder) == there


@pytest.mark.slow
@pytest.mark.parametrize("count", [3, 40])
def test_late_rows_of_an_archived_and_deleted_day_do_not_replace_its_archive(
    telemetry: Telemetry, folder: DirectoryStore, count: int
) -> None:
    """The document kept logs longer for a while, and a sender sent what it had from that time."""
    step(telemetry, LogArchive(folder, telemetry))
    there = keys(folder)
    rows = [row(OLD, number)._replace(message="later") for number in range(1, count + 1)]
    LogStore(telemetry).write(batch_of(key_of("shop", "later", b""), rows))

    step(telemetry, LogArchive(folder, telemetry), NOON + timedelta(minutes=1))

    archived = ArchivedLogs(folder).manifests((), WHOLE)
    assert days(telemetry) == [OLD, NOON.date()]
    assert (keys(folder), [each.rows for each in archived]) == (there, [40])
    said = str(ClauseStatus.objects.get(clause_id=ACCESS).reason)
    assert "logs/access/2026-05-10/ をほかの名に移せば" in said


@pytest.mark.slow
def test_a_late_archiver_leaves_the_archive_of_another_unchanged(
    telemetry: Telemetry, folder: DirectoryStore
) -> None:
    mine = part(telemetry)
    step(telemetry, LogArchive(folder, telemetry))
    there = keys(folder)
    folder.delete(["logs/access/2026-05-10/manifest.json"])

    with pytest.raises(NotArchived, match="行が変わりました"):
        LogArchive(folder, telemetry).keep(mine, NOON)

    assert keys(folder) == [key for key in there if key != "logs/access/2026-05-10/manifest.json"]


def test_days_on_hold_are_neither_archived_nor_deleted(telemetry: Telemetry, folder: DirectoryStore) -> None:
    keeping.hold("access", "調査", by="kei", now=NOON)

    step(telemetry, LogArchive(folder, telemetry))

    assert len(days(telemetry)) == 2
    assert keys(folder) == []


def test_a_hold_ordered_while_a_day_is_being_archived_keeps_it(
    telemetry: Telemetry, folder: DirectoryStore
) -> None:
    class Ordered(LogArchive):
        def keep(self, part: DayPart, now: datetime) -> str:
            keeping.hold("", "調査", by="kei", now=now)
            return super().keep(part, now)

    step(telemetry, Ordered(folder, telemetry))

    assert len(days(telemetry)) == 2
    assert proof()["waits"] == "held"


def test_only_the_kinds_named_in_the_bindings_are_archived(
    telemetry: Telemetry, folder: DirectoryStore
) -> None:
    step(telemetry, LogArchive(folder, telemetry, frozenset(("audit",))))

    assert days(telemetry) == [NOON.date()]
    assert keys(folder) == []
    assert proof()["archived"] == []


@pytest.mark.parametrize("content", [b"{}", b"\xff", b""])
def test_an_unreadable_manifest_is_reported(folder: DirectoryStore, content: bytes) -> None:
    folder.put("logs/access/2026-05-10/manifest.json", content)

    with pytest.raises(StoreTrouble, match="目録として読めません"):
        ArchivedLogs(folder).manifests((), WHOLE)


def test_an_audit_log_that_is_not_shipped_is_not_deleted(
    telemetry: Telemetry, folder: DirectoryStore
) -> None:
    Keeping.objects.create(kind="audit", agreed="90日")
    old = row(OLD, 1)._replace(kind="audit")
    LogStore(telemetry).write(batch_of(key_of("shop", "", b"audit"), [old]))
    text = DOCUMENT + "| 監査ログ | 操作 | S3 | 90日 |\n"
    both = rules(read_design(text, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))
    inner = LogArchive(folder, telemetry, frozenset(("other",)))

    Keeper(LogDays(telemetry)).step(both, NOON, "d", ShippedFirst(inner, plain("権限がありません")))
    assert [(each.kind, each.day) for each in LogDays(telemetry).parts() if each.day == OLD] == [
        ("audit", OLD)
    ]
    reason = str(ClauseStatus.objects.get(clause_id="logs/log-kind/監査ログ").reason)
    assert "監査ログを外へ送れていません: 権限がありません" in reason

    Keeper(LogDays(telemetry)).step(both, NOON, "d", ShippedFirst(inner, NOTHING))
    assert days(telemetry) == [NOON.date()]
