"""The change ledger: written with the evidence, asked by subject and time."""

from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.apps import apps
from django.db import connection, transaction
from tests.forking import Python, run
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.changes import recording
from toban.engine.changes.act import ChangeKind
from toban.engine.changes.models import Change, ChangeSubject
from toban.engine.changes.query import ChangeSearch, around, found, told
from toban.engine.changes.recorded import RecordedChange
from toban.engine.editions import records
from toban.engine.editions.edition import Edition
from toban.engine.evidence import ledger
from toban.engine.evidence.ledger import Record
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify import orders
from toban.engine.orders import NotPossible
from toban.engine.people.audit import record
from toban.engine.runs import orders as run_orders
from toban.engine.runs.models import PlannedWork
from toban.message import NOTHING, Message

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 11, 28, 12, tzinfo=UTC)
MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
DESIGN = """# 運用設計書
## 監視
### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | 接続数 | 0-80 | 90 | 100 | 1分 |
"""
BOUND = """
[targets.Web]
sources = [{ kind = "prometheus", url = "http://127.0.0.1:9/metrics", instance = "web-1:9100" }]
"""
WEB, DB = "monitoring/monitor/Web/CPU使用率", "monitoring/monitor/DB/接続数"


def edition(text: str = DESIGN, bound: str = "") -> Edition:
    from tests.registered import PARTS  # noqa: PLC0415

    of = PARTS.schema if bound else schema()
    return Edition(read_design(text, "ops.md"), read_bindings(bound, Path("toban.toml"), of))


def rows_of(of: Edition) -> dict[str, Message]:
    return {row.id: NOTHING for row in of.design.clauses}


def released(text: str = "shop 2", *about: str, at: datetime | None = None, now: datetime = NOON) -> Change:
    wanted = RecordedChange(kind=ChangeKind.RELEASE, text=text, about=about, at=at)
    return recording.record(wanted, by="ci", now=now)


def said(**asked: object) -> list[str]:
    return [str(each.facts.said) for each in told(found(ChangeSearch(**asked)))]  # type: ignore[arg-type]


def test_an_order_and_its_change_are_one_transaction() -> None:
    with transaction.atomic():
        orders.silence({"target": "DB"}, "memory", ends_at=NOON + HOUR, by="mira", now=NOON)
        transaction.set_rollback(True)
    assert not Change.objects.exists()

    orders.silence({"target": "DB"}, "memory", ends_at=NOON + HOUR, by="mira", now=NOON)

    (change,) = told(found(ChangeSearch(about={"db"})))
    assert (change.change.kind, change.change.actor, change.change.at) == ("silence", "mira", NOON)
    assert (str(change.facts.said), str(change.facts.note)) == ("ミュートを開始（target=DB）", "memory")
    assert change.change.entry == LedgerEntry.objects.get()


def test_what_nobody_could_order_is_no_change() -> None:
    with pytest.raises(NotPossible):
        orders.silence({"target": "DB"}, "", ends_at=NOON + HOUR, by="mira", now=NOON)

    assert not Change.objects.exists()


def test_a_run_ordered_by_hand_is_about_its_batch_and_its_row() -> None:
    PlannedWork.objects.create(
        key="B004", clause_id="batch/job/B004", rule="", planned_until=NOON, next_due=NOON
    )
    run_orders.order("B004", {}, by="nami", now=NOON)

    (by_batch,), (by_row,) = (found(ChangeSearch(about={name})) for name in ("B004", "batch/job/B004"))

    assert by_batch == by_row
    assert by_batch.kind == "run"


def test_a_sign_in_is_no_change_and_an_account_is_one_for_managers_alone() -> None:
    record("signed-in", "mira")
    record("role-changed", "mira", operator="nami", before="viewer", after="developer")

    assert said() == []
    assert said(with_accounts=True) == ["アカウント nami の権限を変更: viewer → developer"]


def test_an_edition_is_found_by_the_rows_it_changes() -> None:
    old, new = edition(), edition(DESIGN.replace("85%", "90%"))
    records.record_in_force(None, old, rows_of, NOON)
    records.record_in_force(old, new, rows_of, NOON + HOUR)

    first, second = said()[::-1]
    assert first == "ops.md が有効になった（最初の版か、前の版が不明）"
    assert second == "ops.md の新しい版（変更 1 件）"
    assert said(about={WEB}, since=NOON + MINUTE) == [second]
    assert said(about={DB}, since=NOON + MINUTE) == []


def test_a_table_with_a_name_is_found_by_it_and_one_without_by_every_name() -> None:
    plain, with_target = edition(), edition(bound=BOUND)
    renamed = edition(bound=f'[system]\nname = "shop"\n{BOUND}')
    records.record_in_force(plain, plain, rows_of, NOON - HOUR)

    records.record_in_force(plain, with_target, rows_of, NOON)
    assert said(about={"Web"}) == ["接続表の変更（1 件）"]
    assert said(about={DB}) == []

    records.record_in_force(with_target, renamed, rows_of, NOON + MINUTE)
    assert said(about={DB}) == ["接続表の変更（1 件）"]
    changes = told(found(ChangeSearch(kinds=[ChangeKind.SETTINGS])))
    assert [str(each.facts.details[0]) for each in changes] == [
        "~ 接続表 toban.toml: [system]",
        "~ 接続表 toban.toml: [targets.Web]",
    ]


def test_what_is_about_the_whole_system_is_about_everything_in_it() -> None:
    orders.announce_maintenance([], "power", starts_at=NOON, ends_at=NOON + HOUR, by="mira", now=NOON)
    orders.announce_maintenance(["DB"], "disk", starts_at=NOON, ends_at=NOON + HOUR, by="mira", now=NOON)

    assert said(about={"Web"}) == ["全体のメンテナンスを告知"]
    assert said(about={"DB"}) == ["DBのメンテナンスを告知", "全体のメンテナンスを告知"]


def test_a_period_has_its_start_and_not_its_end() -> None:
    for minute in range(3):
        released(f"shop {minute}", now=NOON + minute * MINUTE)

    assert said(since=NOON, until=NOON + 2 * MINUTE) == ["shop 1", "shop 0"]
    assert said(actor="ci", since=NOON + 2 * MINUTE) == ["shop 2"]
    assert said(actor="mira") == []


def test_a_change_stands_where_it_was_and_not_where_it_was_recorded() -> None:
    released("late", now=NOON, at=NOON - HOUR)

    (change,) = found(ChangeSearch(until=NOON - HOUR + MINUTE))
    assert change.entry.at == NOON
    assert ledger.verify().broken is None


def test_names_lead_from_a_row_to_its_host_and_back() -> None:
    bound = edition(bound=BOUND)

    assert around(bound, WEB) == {WEB, "Web", "web-1:9100", "web-1"}
    assert around(bound, "web-1") == {"web-1", "Web", WEB}
    assert around(bound, "WEB") == {"WEB", "Web", WEB, "web-1", "web-1:9100"}
    assert around(bound, "elsewhere") == {"elsewhere"}
    assert around(bound) == frozenset()


def test_what_the_evidence_held_before_becomes_part_of_it() -> None:
    old, new = edition(), edition(DESIGN.replace("85%", "90%"))
    for now, each in enumerate((old, new)):
        records.record_in_force(old, each, rows_of, NOON + now * MINUTE)
    orders.silence({"target": "DB"}, "memory", ends_at=NOON + HOUR, by="mira", now=NOON)
    released("shop 3", "API")
    record("signed-in", "mira")
    ledger.append(Record(LedgerEntry.Kind.VERDICT, {"verdict": "conforming"}), now=NOON)
    before = rows()
    Change.objects.all().delete()

    import_module("toban.engine.changes.migrations.0002_from_evidence").bring_in(apps, None)

    assert rows() == before
    assert len(before[0]) == 3


def rows() -> tuple[list[object], list[object]]:
    subjects = ChangeSubject.objects.order_by("change", "name")
    return list(Change.objects.order_by("pk").values()), list(subjects.values("change", "name", "at"))


def test_an_index_answers_about_what_and_when() -> None:
    asked = found(ChangeSearch(about={"web"}, since=NOON - HOUR, until=NOON))

    with connection.cursor() as cursor:
        sql, values = asked.query.sql_with_params()
        cursor.execute(f"EXPLAIN QUERY PLAN {sql}", values)
        plan = [str(row[-1]) for row in cursor.fetchall()]

    assert any("change_subject (name=? AND at>? AND at<?)" in step for step in plan), plan
    assert not any(step.startswith("SCAN") for step in plan), plan


TWO_AT_ONCE = """
import sys, django
django.setup()
from datetime import UTC, datetime
from toban.engine.changes import recording
from toban.engine.changes.recorded import RecordedChange
from toban.engine.changes.act import ChangeKind
from toban.engine.notify.delivery import change_outbox
from toban.engine.notify.models import ChangeCursor
ChangeCursor.objects.get_or_create(channel="board", defaults={"entry": 0})
for number in range(20):
    wanted = RecordedChange(kind=ChangeKind.RELEASE, text=f"{sys.argv[1]} {number}", about=("API",))
    recording.record(wanted, by=sys.argv[1], now=datetime.now(UTC))
    change_outbox.post({"board": {"release"}}, {"board": "ja"}, datetime.now(UTC))
"""
COUNTED = """
import django
django.setup()
from toban.engine.changes.models import Change, ChangeSubject
from toban.engine.evidence import ledger
from toban.engine.notify.models import ChangePosting
subjects = ChangeSubject.objects.filter(name="api")
print(Change.objects.count(), subjects.count(), ChangePosting.objects.count(), ledger.verify().broken)
"""


def test_several_at_once_on_postgresql_lose_and_double_nothing(postgres: dict[str, str]) -> None:
    writers = [Python(["-c", TWO_AT_ONCE, name], env=postgres) for name in ("one", "two")]
    assert [writer.wait(timeout=120) for writer in writers] == [0, 0]

    counted = run(["-c", COUNTED], env=postgres, check=True).stdout

    assert counted.split() == ["40", "40", "40", "None"]
