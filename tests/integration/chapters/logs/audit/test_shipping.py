"""Evidence and audit log shipped to a real store, with a chain that can be verified there."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.buckets import BucketOf, S3Server
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import schema
from tests.telemetry_rows import LogRow, batch_of

from toban.chapters.logs.audit.shipping import Destination, Shipping
from toban.chapters.logs.keeping.keeper import Keeper
from toban.chapters.logs.rules import LogRules, rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence import segments
from toban.engine.evidence.ledger import Record, append
from toban.engine.evidence.models import ClauseStatus, LedgerEntry, Shipment
from toban.engine.evidence.outside import ShippedEvidence
from toban.engine.evidence.segments import ChainWalk
from toban.engine.evidence.shipping import NotShipped
from toban.engine.notify.models import Alert
from toban.engine.stores import s3
from toban.engine.stores.directory import DirectoryConfig, DirectoryStore
from toban.engine.stores.store import StoredObject, StoreTrouble
from toban.engine.telemetry.logs.days import LogDays
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.store import Telemetry
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 26, 12, tzinfo=ZoneInfo("Asia/Tokyo"))
AUDIT_ROW = "logs/log-kind/監査ログ"
DOCUMENT = """# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| 監査ログ | 重要操作 | S3 | 1年 |
"""
RULES: LogRules = rules(
    read_design(DOCUMENT, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema())
)


@pytest.fixture(scope="module")
def child(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Telemetry]:
    with StoreProcess(tmp_path_factory.mktemp("shipping") / "store") as process:
        process.telemetry = Telemetry(process.telemetry_url)
        process.telemetry.ensure_schema()
        yield process.telemetry


@pytest.fixture
def telemetry(child: Telemetry) -> Telemetry:
    child.do("TRUNCATE TABLE logs", {})
    return child


@pytest.fixture
def store(tmp_path: Path) -> DirectoryStore:
    (tmp_path / "outside").mkdir()
    return DirectoryStore(DirectoryConfig(path=tmp_path / "outside"))


def records(count: int) -> None:
    append(*(Record(LedgerEntry.Kind.AUDIT, {"number": n}) for n in range(count)), now=NOON)


def audit(telemetry: Telemetry, count: int, *, came_in: timedelta = timedelta(minutes=10)) -> None:
    """Write rows of the application's audit log that arrived *came_in* ago."""
    rows = [
        LogRow(
            "audit", "2026-11-26", NOON.timestamp() + n, "INFO", "shop-api", f"退会 {n}", f"user-{n}", "", "",
            "", "10.0.0.1", "", "", 0, 0.1, {"by": {"role": "admin"}}, "shop", n,
        )
        for n in range(1, count + 1)
    ]  # fmt: skip
    LogStore(telemetry).write(batch_of(key_of("shop", "", f"{came_in}".encode()), rows))
    telemetry.do(
        """ALTER TABLE logs UPDATE received_at = received_at - {back:UInt32} WHERE received_at > now() - 60
        SETTINGS mutations_sync = 1""",
        {"back": int(came_in.total_seconds())},
    )


def to(store: DirectoryStore | None) -> Destination:
    return Destination(store, "監査", "GOVERNANCE")


def walked(store: DirectoryStore, chain: str) -> ChainWalk:
    keys = dict(segments.in_order(each.key for each in store.listing(""))).get(chain, [])
    return segments.walk(chain, ((key, store.read(key)) for key in keys), today=NOON.date())


def test_evidence_and_audit_log_are_shipped_as_they_were_written(
    telemetry: Telemetry, store: DirectoryStore
) -> None:
    records(3)
    audit(telemetry, 2)

    found = Shipping(telemetry).step(RULES, to(store), NOON)

    ledger, application = walked(store, "ledger"), walked(store, "audit")
    assert (ledger.broken, ledger.lines) == (None, 3)
    assert ledger.tip.line == LedgerEntry.objects.get(sequence=3).digest
    assert (application.broken, application.lines) == (None, 2)
    assert "退会 1".encode("ascii", "backslashreplace") in store.read("evidence/audit/00000001.ndjson")
    assert (found.segments, found.entries, found.trouble, found.waiting_since) == (2, 5, NOTHING, None)
    assert {each.kept_until.isoformat() for each in Shipment.objects.all()} == {"2027-11-27"}


def test_a_day_is_shipped_once_and_the_next_day_continues_after_it(
    telemetry: Telemetry, store: DirectoryStore
) -> None:
    shipping = Shipping(telemetry)
    records(2)
    shipping.step(RULES, to(store), NOON)
    records(2)
    audit(telemetry, 1)

    shipping.step(RULES, to(store), NOON + timedelta(hours=11))
    assert walked(store, "ledger").segments == 1

    shipping.step(RULES, to(store), NOON + timedelta(hours=13))
    assert (walked(store, "ledger").segments, walked(store, "ledger").lines) == (2, 4)
    assert walked(store, "audit").lines == 1


def test_rows_that_arrive_later_follow_those_already_shipped(
    telemetry: Telemetry, store: DirectoryStore
) -> None:
    audit(telemetry, 2, came_in=timedelta(hours=2))
    Shipping(telemetry).ship(RULES, to(store), NOON)
    audit(telemetry, 3, came_in=timedelta(hours=1))
    audit(telemetry, 4, came_in=timedelta(seconds=5))

    Shipping(telemetry).ship(RULES, to(store), NOON)

    found = walked(store, "audit")
    # The rows of the current second may not be complete yet.
    assert (found.segments, found.lines, found.broken) == (2, 5, None)


def test_a_shipper_stopped_before_recording_a_segment_continues_after_it(
    telemetry: Telemetry, store: DirectoryStore
) -> None:
    records(2)
    Shipping(telemetry).ship(RULES, to(store), NOON)
    there = store.read("evidence/ledger/00000001.ndjson")
    Shipment.objects.all().delete()
    records(1)

    Shipping(telemetry).ship(RULES, to(store), NOON)

    assert store.read("evidence/ledger/00000001.ndjson") == there
    assert (walked(store, "ledger").segments, walked(store, "ledger").lines) == (2, 3)
    assert Shipment.objects.filter(chain="ledger").count() == 2


@pytest.mark.parametrize(
    ("forge", "told"),
    [
        (lambda content: content.replace(b'"number":1', b'"number":7'), "つながりません"),
        (lambda content: content[:100], "つながりません"),
    ],
)
def test_a_foreign_object_in_place_of_the_next_segment_stops_the_shipping(
    telemetry: Telemetry, store: DirectoryStore, forge: Callable[[bytes], bytes], told: str
) -> None:
    records(2)
    Shipping(telemetry).ship(RULES, to(store), NOON)
    Shipment.objects.all().delete()
    key = "evidence/ledger/00000001.ndjson"
    store.put(key, forge(store.read(key)))

    with pytest.raises(NotShipped, match=told):
        Shipping(telemetry).ship(RULES, to(store), NOON)

    assert not Shipment.objects.exists()


def test_another_store_gets_its_own_complete_chain(
    telemetry: Telemetry, store: DirectoryStore, tmp_path: Path
) -> None:
    records(2)
    Shipping(telemetry).ship(RULES, to(store), NOON)
    records(1)
    (tmp_path / "other").mkdir()
    other = DirectoryStore(DirectoryConfig(path=tmp_path / "other"))

    Shipping(telemetry).ship(RULES, to(other), NOON)

    assert (walked(other, "ledger").segments, walked(other, "ledger").lines) == (1, 3)
    assert walked(store, "ledger").lines == 2


def test_the_chain_of_another_toban_is_not_mistaken_for_this_ones(
    telemetry: Telemetry, store: DirectoryStore
) -> None:
    records(2)
    Shipping(telemetry).ship(RULES, to(store), NOON)
    Shipment.objects.all().delete()
    LedgerEntry.objects.all().delete()
    append(Record(LedgerEntry.Kind.AUDIT, {"another": True}), now=NOON)

    with pytest.raises(NotShipped, match="こちらの台帳と違います"):
        Shipping(telemetry).ship(RULES, to(store), NOON)


def came_in_at(telemetry: Telemetry, when: datetime, *names: str) -> None:
    """Write rows that the store received at *when* by its clock, each with its name as its message."""
    rows = [
        LogRow(
            "audit", "2026-11-26", NOON.timestamp() + n, "INFO", "shop-api", name, "", "", "", "", "", "", "",
            0, 0.1, {}, "shop", n,
        )
        for n, name in enumerate(names, 1)
    ]  # fmt: skip
    LogStore(telemetry).write(batch_of(key_of("shop", "", repr(names).encode()), rows))
    telemetry.do(
        """ALTER TABLE logs UPDATE received_at = fromUnixTimestamp({when:Int64})
        WHERE message IN {names:Array(String)} SETTINGS mutations_sync = 1""",
        {"when": int(when.timestamp()), "names": sorted(set(names))},
    )


def shipped(store: DirectoryStore) -> list[str]:
    """Return the shipped messages of the audit log, in order, after checking that the chain is valid."""
    assert walked(store, "audit").broken is None
    keys = sorted(each.key for each in store.listing("evidence/audit/"))
    return [line["row"]["message"] for key in keys for line in segments.lines_of(store.read(key))]


def stored_now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)


def test_rows_written_after_the_clock_was_set_back_are_shipped(
    telemetry: Telemetry, store: DirectoryStore
) -> None:
    end = stored_now() - timedelta(minutes=10)
    came_in_at(telemetry, end - timedelta(minutes=20), "early")
    came_in_at(telemetry, end, "last", "of the second")
    Shipping(telemetry).ship(RULES, to(store), NOON)
    there = store.read("evidence/audit/00000001.ndjson")
    # Into a second that is already shipped, into a new second, and into a time before the end.
    came_in_at(telemetry, end, "same second")
    came_in_at(telemetry, end - timedelta(minutes=10), "back")
    came_in_at(telemetry, end - timedelta(days=400), "long ago")
    shipping = Shipping(telemetry)

    assert [shipping.ship(RULES, to(store), NOON) for _ in range(3)] == [1, 0, 0]

    assert shipped(store) == ["early", "last", "of the second", "long ago", "back", "same second"]
    assert store.read("evidence/audit/00000001.ndjson") == there
    came_in_at(telemetry, end + timedelta(minutes=5), "after")
    shipping.ship(RULES, to(store), NOON)
    assert shipped(store)[6:] == ["after"]


def test_rows_with_times_in_the_future_are_shipped_without_waiting(
    telemetry: Telemetry, store: DirectoryStore
) -> None:
    came_in_at(telemetry, stored_now() + timedelta(days=3650), "ahead")
    Shipping(telemetry).ship(RULES, to(store), NOON)
    assert shipped(store) == ["ahead"]

    came_in_at(telemetry, stored_now(), "right again")
    came_in_at(telemetry, stored_now() + timedelta(days=3650), "ahead again")
    Shipping(telemetry).ship(RULES, to(store), NOON)
    came_in_at(telemetry, stored_now(), "and on")
    Shipping(telemetry).ship(RULES, to(store), NOON)

    assert sorted(shipped(store)) == ["ahead", "ahead again", "and on", "right again"]


def test_a_large_backlog_fills_several_segments(telemetry: Telemetry, store: DirectoryStore) -> None:
    end = stored_now() - timedelta(minutes=10)
    came_in_at(telemetry, end, "known")
    Shipping(telemetry).ship(RULES, to(store), NOON)
    # Two of these seconds are more than one segment can contain.
    most = segments.MOST_LINES * 2 // 3
    for number in range(3):
        came_in_at(telemetry, end - timedelta(seconds=number), *[f"late {number}"] * most)

    assert Shipping(telemetry).ship(RULES, to(store), NOON) == 3

    assert shipped(store) == ["known", *["late 2"] * most, *["late 1"] * most, *["late 0"] * most]
    assert Shipping(telemetry).ship(RULES, to(store), NOON) == 0


def test_segments_without_recorded_counts_are_read_once(telemetry: Telemetry, store: DirectoryStore) -> None:
    end = stored_now() - timedelta(minutes=10)
    came_in_at(telemetry, end, "before")
    Shipping(telemetry).ship(RULES, to(store), NOON)
    Shipment.objects.update(parts=None)
    came_in_at(telemetry, end, "late")

    Shipping(telemetry).ship(RULES, to(store), NOON)

    assert shipped(store) == ["before", "late"]
    assert [each.parts for each in Shipment.objects.order_by("number")] == [{"2026-11-26": 1}] * 2


def test_a_row_stored_twice_is_shipped_once(telemetry: Telemetry, store: DirectoryStore) -> None:
    end = stored_now() - timedelta(minutes=10)
    came_in_at(telemetry, end, "once")
    Shipping(telemetry).ship(RULES, to(store), NOON)
    telemetry.do("INSERT INTO logs SELECT * FROM logs", {})
    came_in_at(telemetry, end, "late")

    Shipping(telemetry).ship(RULES, to(store), NOON)

    assert shipped(store) == ["once", "late"]


def test_a_shipped_segment_that_was_altered_is_not_trusted(
    telemetry: Telemetry, store: DirectoryStore
) -> None:
    end = stored_now() - timedelta(minutes=10)
    came_in_at(telemetry, end, "mine")
    Shipping(telemetry).ship(RULES, to(store), NOON)
    key = "evidence/audit/00000001.ndjson"
    store.put(key, store.read(key).replace(b"mine", b"thine"))
    came_in_at(telemetry, end, "late")

    with pytest.raises(NotShipped, match="送ったときの内容と違います"):
        Shipping(telemetry).ship(RULES, to(store), NOON)


class Away(DirectoryStore):
    """A folder that accepts nothing."""

    def add(self, key: str, content: bytes) -> StoredObject:  # noqa: ARG002 - the protocol's
        raise StoreTrouble(plain(f"{self.name}: 権限がありません"))


def shown(telemetry: Telemetry, outside: ShippedEvidence, at: datetime) -> ClauseStatus:
    Keeper(LogDays(telemetry)).step(RULES, at, "d", None, outside)
    return ClauseStatus.objects.get(clause_id=AUDIT_ROW)


def test_the_row_of_the_document_shows_what_was_shipped(telemetry: Telemetry, store: DirectoryStore) -> None:
    records(2)
    well = shown(telemetry, Shipping(telemetry).step(RULES, to(store), NOON), NOON)
    assert (well.verdict, str(well.value)) == ("conforming", "外に 2件")
    assert "1区間、ロックなし" in str(well.reason)

    audit(telemetry, 1)
    both = shown(telemetry, Shipping(telemetry).step(RULES, to(store), NOON), NOON)
    assert both.verdict == "conforming"
    assert "最古 2026-11-26" in str(both.value)
    assert "外に" in str(both.value)


def test_a_failure_to_ship_is_reported_until_it_succeeds(telemetry: Telemetry, store: DirectoryStore) -> None:
    records(1)
    away = Away(DirectoryConfig(path=Path(store.name)))
    shipping = Shipping(telemetry)

    soon = shown(telemetry, shipping.step(RULES, to(away), NOON), NOON)
    assert soon.verdict == "warning"
    assert "証跡を外へ送れません" in str(soon.reason)
    alert = Alert.objects.get(clause_id=AUDIT_ROW)
    assert (alert.condition, alert.citation) == ("warning", "運用設計書.md:6")

    late = NOON + timedelta(hours=27)
    assert shown(telemetry, shipping.step(RULES, to(away), late), late).verdict == "deviating"

    assert shown(telemetry, shipping.step(RULES, to(store), late), late).verdict == "conforming"
    assert not Alert.objects.filter(clause_id=AUDIT_ROW, resolved_at=None)


def test_every_segment_is_locked_when_the_bucket_has_object_lock(
    telemetry: Telemetry, bucket_of: BucketOf, ministack_of_its_own: Callable[[], S3Server]
) -> None:
    server = ministack_of_its_own()
    server.client().create_bucket(Bucket="audit", ObjectLockEnabledForBucket=True)
    store = s3.KIND.build(bucket_of(server, bucket="audit"))
    records(2)
    audit(telemetry, 1)

    found = Shipping(telemetry).step(RULES, Destination(store, "監査", "COMPLIANCE"), NOON)

    told = shown(telemetry, found, NOON)
    held = server.client().head_object(Bucket="audit", Key="shop/evidence/ledger/00000001.ndjson")
    assert held["ObjectLockMode"] == "COMPLIANCE"
    assert held["ObjectLockRetainUntilDate"] >= NOON + timedelta(days=365)
    assert {each.lock for each in Shipment.objects.all()} == {"COMPLIANCE 2027-11-27"}
    assert "s3://audit/shop に 2区間、ロック COMPLIANCE 2027-11-27" in str(told.reason)


def test_an_unbound_store_is_named(telemetry: Telemetry) -> None:
    records(1)

    found = Shipping(telemetry).step(RULES, to(None), NOON)

    assert str(found.trouble) == '[stores."監査"] がありません'
