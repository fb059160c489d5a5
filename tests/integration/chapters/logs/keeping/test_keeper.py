"""Retention with a real store: whole days are deleted, with a proof; the next step completes a killed one."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from tests.integration.engine.telemetry.conftest import StoreProcess
from tests.registered import schema
from tests.telemetry_rows import LogRow, SpanRow, batch_of

from toban.chapters.logs.keeping import keeper as keeping
from toban.chapters.logs.keeping.keeper import Keeper
from toban.chapters.logs.models import Keeping
from toban.chapters.logs.rules import LogRules, rules
from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.evidence import ledger
from toban.engine.evidence.models import ClauseStatus, LedgerEntry
from toban.engine.orders import NotPossible
from toban.engine.retention import CompanionRecords, Elsewhere
from toban.engine.telemetry.logs.days import DayPart, LogDays
from toban.engine.telemetry.logs.rows import LogStore, key_of
from toban.engine.telemetry.spans.rows import SpanStore
from toban.engine.telemetry.store import StoreUnavailable, Telemetry
from toban.message import NOTHING, plain

pytestmark = pytest.mark.django_db

TOKYO = ZoneInfo("Asia/Tokyo")
NOON = datetime(2026, 11, 26, 12, tzinfo=TOKYO)
ACCESS = "logs/log-kind/アクセスログ"


def written(kept: str = "90日", more: str = "") -> LogRules:
    text = f"""# 運用設計書
## 3. ログ管理
### ログ種別
| ログ種別 | 内容 | 出力先 | 保存期間 |
|---|---|---|---|
| アクセスログ | HTTP | Toban | {kept} |
| 監査ログ | 操作 | Toban | 1年 |
{more}
"""
    return rules(read_design(text, "運用設計書.md"), read_bindings("", Path("toban.toml"), schema()))


@pytest.fixture
def telemetry(store: StoreProcess) -> Telemetry:
    """A store with three access rows at noon of today, 89, 90, 91 and 200 days ago, and one old audit row."""
    store.telemetry.do("TRUNCATE TABLE logs", {})
    fill(store.telemetry, "access", 0, 89, 90, 91, 200)
    fill(store.telemetry, "audit", 200)
    return store.telemetry


def fill(store: Telemetry, kind: str, *back: int) -> None:
    rows = [
        row(kind, (NOON - timedelta(days=days)).date(), 3 * at + each)
        for at, days in enumerate(back)
        for each in range(3)
    ]
    LogStore(store).write(batch_of(key_of(kind, str(back), b""), rows))


def row(kind: str, day: date, number: int) -> LogRow:
    at = datetime.combine(day, time(12), TOKYO).timestamp()
    return LogRow(
        kind, day.isoformat(), at, "INFO", "shop", "", "", "", "", "", "", "", "", 0, 0.0, {}, "shop", number
    )


def ages(telemetry: Telemetry, kind: str = "access") -> list[int]:
    return sorted((NOON.date() - part.day).days for part in LogDays(telemetry).parts() if part.kind == kind)


def proofs() -> list[LedgerEntry]:
    return list(
        LedgerEntry.objects.filter(kind=LedgerEntry.Kind.PROOF, clause_id=ACCESS).order_by("sequence")
    )


def agreed(kind: str = "access", kept: str = "90日") -> None:
    Keeping.objects.create(kind=kind, agreed=kept)


def test_only_rows_older_than_the_documents_retention_are_deleted(telemetry: Telemetry) -> None:
    agreed()

    Keeper(LogDays(telemetry)).step(written(), NOON, "d")

    assert ages(telemetry) == [0, 89, 90]
    assert ages(telemetry, "audit") == [200]


def test_every_day_has_one_proof_of_what_was_deleted_and_kept(telemetry: Telemetry) -> None:
    agreed()
    keeper = Keeper(LogDays(telemetry))

    for at in (NOON, NOON + timedelta(minutes=1), NOON + timedelta(days=1)):
        keeper.step(written(), at, "d")

    first, second = (entry.content for entry in proofs())
    assert first["deleted"][0][:2] == ["2026-05-10", 3]
    assert (first["rows_deleted"], first["rows_kept"]) == (6, 9)
    assert first["bytes_deleted"] > 0
    assert first["oldest_row"] == "2026-08-28T03:00:00+00:00"
    assert [day for day, *_ in second["deleted"]] == ["2026-08-28"]
    assert ledger.verify().broken is None


def test_the_row_says_what_is_stored(telemetry: Telemetry) -> None:
    agreed()

    Keeper(LogDays(telemetry)).step(written(), NOON, "d")

    shown = ClauseStatus.objects.get(clause_id=ACCESS)
    assert (shown.verdict, str(shown.value)) == ("conforming", "最古 2026-08-28")
    assert "3日分 9行" in str(shown.reason)


class Dying(LogDays):
    """Dies after its first deletion."""

    def delete(self, part: DayPart) -> None:
        super().delete(part)
        raise KeyboardInterrupt


def test_a_keeper_killed_after_the_first_day_resumes_and_proves_both(telemetry: Telemetry) -> None:
    agreed()
    dying = Keeper(LogDays(telemetry))
    dying._days = Dying(telemetry)
    with pytest.raises(KeyboardInterrupt):
        dying.step(written(), NOON, "d")
    assert (ages(telemetry), proofs()) == ([0, 89, 90, 91], [])

    Keeper(LogDays(telemetry)).step(written(), NOON, "d")

    assert ages(telemetry) == [0, 89, 90]
    (proof,) = proofs()
    assert sorted(day for day, *_ in proof.content["deleted"]) == ["2026-05-10", "2026-08-27"]


class Away(LogDays):
    """Becomes unavailable before it deletes."""

    def delete(self, part: DayPart) -> None:
        raise StoreUnavailable(f"{part.day} stays")


def test_days_not_deleted_because_of_a_hold_are_not_recorded_as_deleted(telemetry: Telemetry) -> None:
    agreed()
    Keeper(Away(telemetry)).step(written(), NOON, "d")
    keeping.hold("access", "調査", by="taro", now=NOON)

    Keeper(LogDays(telemetry)).step(written(), NOON, "d")

    (proof,) = (entry.content for entry in proofs())
    assert ages(telemetry) == [0, 89, 90, 91, 200]
    assert (proof["deleted"], proof["rows_deleted"], proof["rows_kept"]) == ([], 0, 15)


def test_a_shorter_retention_waits_for_agreement(telemetry: Telemetry) -> None:
    agreed()
    keeper = Keeper(LogDays(telemetry))

    keeper.step(written("30日"), NOON, "d")

    assert ages(telemetry) == [0, 89, 90]
    shown = ClauseStatus.objects.get(clause_id=ACCESS)
    assert shown.verdict == "warning"
    assert "2日分 6行" in str(shown.reason)
    assert "toban retention agree アクセスログ" in str(shown.reason)
    assert "The retention was shortened: deleting 6 rows of 2 days (" in shown.reason.in_language("en")

    keeping.agree("access", written("30日"), by="taro", now=NOON)
    keeper.step(written("30日"), NOON + timedelta(minutes=1), "d")

    assert ages(telemetry) == [0]
    audit = LedgerEntry.objects.get(kind=LedgerEntry.Kind.AUDIT)
    assert (audit.actor, audit.content["was"], audit.content["agreed"]) == ("taro", "90日", "30日")


def test_the_agreed_retention_of_a_kind_can_be_queried() -> None:
    assert keeping.agreed_to("access", written()) is None

    agreed()
    agreed("audit", keeping.FOREVER)

    shorter = written("30日")
    assert keeping.agreed_to("access", shorter) == timedelta(days=90)
    assert keeping.agreed_to("audit", shorter) is None
    assert keeping.agreed_to("error", shorter) == timedelta()

    agreed("error", "180日")
    # The row no longer exists, so nobody was asked to agree to a shorter retention.
    assert keeping.agreed_to("error", shorter) == timedelta(days=180)


def elsewhere(*back: int) -> Mapping[str, Elsewhere]:
    """Return error events that arrived at noon, one for each number of days in *back*."""
    moments = [NOON - timedelta(days=days) for days in back]

    def found(start: datetime | None, end: datetime) -> Sequence[CompanionRecords]:
        count = sum((start is None or start <= each) and each < end for each in moments)
        words = plain(f"エラーのイベント {count}件 ({count} kB)")
        return [CompanionRecords("events", words, count, 1000 * count)] if count else []

    return {"error": found}


ERROR_ROW = "logs/log-kind/エラーログ"


def errors_kept(kept: str) -> LogRules:
    return written(more=f"| エラーログ | 例外 | Sentry | {kept} |")


def test_error_events_wait_for_agreement_even_without_log_lines_of_their_kind(
    telemetry: Telemetry,
) -> None:
    agreed("error", "180日")
    keeper = Keeper(LogDays(telemetry), elsewhere(1, 30, 31, 179, 180, 181))

    keeper.step(errors_kept("30日"), NOON, "d")

    assert keeping.agreed_to("error", errors_kept("30日")) == timedelta(days=180)
    shown = ClauseStatus.objects.get(clause_id=ERROR_ROW)
    assert shown.verdict == "warning"
    # The oldest one is deleted according to the agreed retention.
    assert "エラーのイベント 3件 (3 kB) の削除は toban retention agree エラーログ を" in str(shown.reason)
    proof = LedgerEntry.objects.get(kind=LedgerEntry.Kind.PROOF, clause_id=ERROR_ROW)
    assert proof.content["waits"] == "not-agreed"

    keeping.agree("error", errors_kept("30日"), by="taro", now=NOON)
    keeper.step(errors_kept("30日"), NOON + timedelta(minutes=1), "d")

    assert keeping.agreed_to("error", errors_kept("30日")) == timedelta(days=30)
    assert ClauseStatus.objects.get(clause_id=ERROR_ROW).verdict == "unbound"


def test_a_shorter_retention_that_deletes_no_event_applies_at_once(telemetry: Telemetry) -> None:
    agreed("error", "180日")

    Keeper(LogDays(telemetry), elsewhere(1, 30)).step(errors_kept("30日"), NOON, "d")

    assert keeping.agreed_to("error", errors_kept("30日")) == timedelta(days=30)


def test_events_on_hold_are_reported_and_still_wait_for_agreement_afterwards(telemetry: Telemetry) -> None:
    agreed("error", "180日")
    keeping.hold("error", "調査", by="taro", now=NOON)

    Keeper(LogDays(telemetry), elsewhere(40)).step(errors_kept("30日"), NOON, "d")

    shown = ClauseStatus.objects.get(clause_id=ERROR_ROW)
    assert (shown.verdict, shown.value) == ("conforming", NOTHING)
    assert str(shown.reason) == "エラーのイベント 1件 (1 kB)。保全中のため削除しません: 調査"
    assert keeping.agreed_to("error", errors_kept("30日")) == timedelta(days=180)


def test_a_longer_retention_and_one_that_deletes_nothing_apply_at_once(telemetry: Telemetry) -> None:
    agreed()
    keeper = Keeper(LogDays(telemetry))

    keeper.step(written("1年"), NOON, "d")

    assert ages(telemetry) == [0, 89, 90, 91, 200]
    assert Keeping.objects.get(kind="access").agreed == "1年"


def test_old_rows_found_at_the_first_look_wait_for_agreement(telemetry: Telemetry) -> None:
    Keeper(LogDays(telemetry)).step(written(), NOON, "d")

    assert ages(telemetry) == [0, 89, 90, 91, 200]
    assert ClauseStatus.objects.get(clause_id=ACCESS).verdict == "warning"


def test_nothing_is_deleted_while_on_hold(telemetry: Telemetry) -> None:
    agreed()
    keeper = Keeper(LogDays(telemetry))
    made = keeping.hold("access", "調査", by="taro", now=NOON)

    keeper.step(written(), NOON, "d")
    assert ages(telemetry) == [0, 89, 90, 91, 200]
    assert "調査" in str(ClauseStatus.objects.get(clause_id=ACCESS).reason)

    keeping.release(made.pk, by="jiro", now=NOON)
    keeper.step(written(), NOON, "d")
    assert ages(telemetry) == [0, 89, 90]


def test_a_hold_begins_and_ends_when_its_turn_comes() -> None:
    meanwhile = NOON + timedelta(seconds=2)
    ledger.append(ledger.Record(LedgerEntry.Kind.AUDIT, {"order": "x"}), now=meanwhile)

    made = keeping.hold("access", "調査", by="taro", now=NOON)
    ended = keeping.release(made.pk, by="jiro", now=NOON)

    assert (made.began_at, ended.ended_at) == (meanwhile, meanwhile)
    keeping.agree("access", written(), by="taro", now=NOON)
    assert LedgerEntry.objects.get(content__event="log-retention-agreed").at == meanwhile


def test_senseless_orders_are_refused() -> None:
    with pytest.raises(NotPossible, match="理由"):
        keeping.hold("access", " ", by="taro", now=NOON)
    with pytest.raises(NotPossible, match="保全 7"):
        keeping.release(7, by="taro", now=NOON)
    with pytest.raises(NotPossible, match="文書にありません"):
        keeping.agree("nothing", written(), by="taro", now=NOON)


def test_an_unreachable_store_is_not_green() -> None:
    with pytest.raises(StoreUnavailable):
        LogDays(Telemetry("http://toban:x@127.0.0.1:9/toban")).parts()

    Keeper(LogDays(Telemetry("http://toban:x@127.0.0.1:9/toban"))).step(written(), NOON, "d")

    assert ClauseStatus.objects.get(clause_id=ACCESS).verdict == "not-measurable"


def spans(store: Telemetry, *back: int) -> None:
    """Store one span at noon for each number of days in *back*."""
    store.do("TRUNCATE TABLE spans", {})
    rows = []
    for number, days in enumerate(back, 1):
        at = NOON - timedelta(days=days)
        start = int(at.timestamp()) * 1_000_000_000
        rows.append(
            SpanRow(at.date().isoformat(), start, 1, "a" * 32, "b" * 16, "", "shop", "GET", "SERVER", "", "",
                    "", "", 0, "", "{}", "{}", "[]", "[]", "shop", number)
        )  # fmt: skip
    SpanStore(store).write(batch_of(key_of("shop", str(back), b""), rows))


def test_traces_are_deleted_according_to_their_own_row(telemetry: Telemetry) -> None:
    spans(telemetry, 0, 13, 14, 15, 100)
    agreed("trace", "14日")

    Keeper(LogDays(telemetry)).step(written(more="| トレース | 処理の流れ | Toban | 14日 |"), NOON, "d")

    proof = LedgerEntry.objects.get(kind=LedgerEntry.Kind.PROOF, clause_id="logs/log-kind/トレース").content
    assert ages(telemetry, "trace") == [0, 13, 14]
    assert (proof["rows_deleted"], proof["oldest_row"]) == (2, "2026-11-12T03:00:00+00:00")


def test_traces_without_a_row_follow_the_retention_and_agreement_of_application_logs(
    telemetry: Telemetry,
) -> None:
    spans(telemetry, 0, 29, 31, 40)
    fill(telemetry, "application", 30, 31, 40)
    keeper = Keeper(LogDays(telemetry))
    rules_of_30_days = written(more="| アプリログ | 処理 | Toban | 30日 |")

    keeper.step(rules_of_30_days, NOON, "d")
    waiting = (ages(telemetry, "trace"), ages(telemetry, "application"))
    keeping.agree("application", rules_of_30_days, by="maya", now=NOON)
    keeper.step(rules_of_30_days, NOON + timedelta(days=1), "d")

    assert waiting == ([0, 29, 31, 40], [30, 31, 40])
    assert (ages(telemetry, "trace"), ages(telemetry, "application")) == ([0, 29], [])


def test_equal_numbers_of_deleted_lines_and_spans_of_a_day_are_both_recorded(telemetry: Telemetry) -> None:
    spans(telemetry, 40, 40, 40)
    fill(telemetry, "application", 40)
    agreed("application", "30日")

    Keeper(LogDays(telemetry)).step(written(more="| アプリログ | 処理 | Toban | 30日 |"), NOON, "d")

    proof = LedgerEntry.objects.get(kind=LedgerEntry.Kind.PROOF, clause_id="logs/log-kind/アプリログ").content
    told = sorted([day, rows, table, kind] for day, rows, _, table, kind in proof["deleted"])
    assert told == [["2026-10-17", 3, "logs", "application"], ["2026-10-17", 3, "spans", "trace"]]
    assert proof["rows_deleted"] == 6


def test_deleted_lines_are_recorded_although_as_many_spans_of_the_day_stay(telemetry: Telemetry) -> None:
    class Halfway(LogDays):
        def parts(self) -> Sequence[DayPart]:
            return sorted(super().parts(), key=lambda each: each.table)

        def delete(self, part: DayPart) -> None:
            if part.table == "spans":
                raise StoreUnavailable("it went away")
            super().delete(part)

    spans(telemetry, 40, 40, 40)
    fill(telemetry, "application", 40)
    agreed("application", "30日")
    row_of_30_days = written(more="| アプリログ | 処理 | Toban | 30日 |")
    Keeper(Halfway(telemetry)).step(row_of_30_days, NOON, "d")
    keeping.hold("application", "調査", by="taro", now=NOON)

    Keeper(LogDays(telemetry)).step(row_of_30_days, NOON, "d")

    proof = LedgerEntry.objects.get(kind=LedgerEntry.Kind.PROOF, clause_id="logs/log-kind/アプリログ").content
    assert [kind for *_, kind in proof["deleted"]] == ["application"]
    assert (proof["rows_deleted"], proof["rows_kept"]) == (3, 3)


def test_a_hold_on_every_kind_keeps_traces(telemetry: Telemetry) -> None:
    spans(telemetry, 0, 40)
    agreed("trace", "14日")
    keeping.hold("", "調査", by="maya", now=NOON)

    Keeper(LogDays(telemetry)).step(written(more="| トレース | 処理の流れ | Toban | 14日 |"), NOON, "d")

    assert ages(telemetry, "trace") == [0, 40]


def test_a_row_of_traces_without_data_says_where_to_send_them(telemetry: Telemetry) -> None:
    spans(telemetry)

    Keeper(LogDays(telemetry)).step(written(more="| トレース | 処理の流れ | Toban | 14日 |"), NOON, "d")

    assert "POST /v1/traces" in str(ClauseStatus.objects.get(clause_id="logs/log-kind/トレース").reason)
