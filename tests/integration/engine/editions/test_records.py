"""Editions in the evidence: what is in force, what waits, who confirmed it, and who is notified."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from tests.registered import schema

from toban.design.reader import read_design
from toban.engine.bindings.load import read_bindings
from toban.engine.editions import records
from toban.engine.editions.edition import Edition, EditionFiles, EditionRefusal
from toban.engine.editions.review import RecordedReview
from toban.engine.evidence.models import LedgerEntry
from toban.engine.notify.models import Alert
from toban.engine.orders import NotPossible
from toban.message import NOTHING, Message, plain

pytestmark = pytest.mark.django_db
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
DESIGN = """\
# 運用設計書

## 体制

### 運用体制
| 役割 | 担当 | 対応時間 |
|---|---|---|
| 開発担当者 | 中村 | 平日9:00-18:00 |
| 運用管理者 | 山田 | 24時間365日 |

## 監視

### 監視項目
| 対象 | 監視項目 | 正常範囲 | 警告 | 異常 | 監視間隔 |
|---|---|---|---|---|---|
| Web | CPU使用率 | 0-60% | 70% | 85% | 1分 |
| DB | 接続数 | 0-80 | 90 | 100 | 1分 |
"""
MATRIX = """
### アラート通知
| レベル | 通知先 | 通知方法 | タイミング |
|---|---|---|---|
| 情報 (Info) | Slack#monitoring | Slack | 即時 |
"""
DB = "monitoring/monitor/DB/接続数"
WITHOUT_DB = DESIGN.replace("| DB | 接続数 | 0-80 | 90 | 100 | 1分 |\n", "")


def edition(text: str = DESIGN) -> Edition:
    return Edition(read_design(text, "ops.md"), read_bindings("", Path("toban.toml"), schema()))


def rows_of(of: Edition) -> Mapping[str, Message]:
    return {row.id: NOTHING for row in of.design.clauses}


def refusal(of: Edition) -> EditionRefusal:
    return EditionRefusal("ops.md", "contents", plain("DB would stop"), of)


REVIEW = RecordedReview(rows_of, lambda _of: {}, lambda: NOON)
FILES = EditionFiles(Path("ops.md"), Path("toban.toml"))


def why_wait(former: Edition | None, new: Edition) -> Message:
    held = REVIEW.hold(former, new, FILES)
    return held.reason if held is not None else NOTHING


def test_a_change_in_force_is_recorded_once_with_its_plan_and_announced_once() -> None:
    old, new = edition(DESIGN + MATRIX), edition(DESIGN.replace("85%", "90%") + MATRIX)
    records.record_in_force(None, old, rows_of, NOON)

    for _ in range(2):
        records.record_in_force(old, new, rows_of, NOON)

    first, second = LedgerEntry.objects.order_by("sequence")
    assert first.content["plan"] == []
    assert [str(each) for each in records.plan_of(second)] == ["~ 監視項目「Web CPU使用率」  異常: 85% → 90%"]
    (told,) = Alert.objects.all()
    assert told.resolved_at == NOON
    assert str(told.subject) == "ops.md の変更 1 件"
    assert "85% → 90%" in str(told.value)
    # The matrix has a row for information.
    assert told.people == []


def test_without_a_row_for_information_the_operations_manager_is_notified() -> None:
    records.record_in_force(edition(), edition(DESIGN.replace("85%", "90%")), rows_of, NOON)

    assert Alert.objects.get().people == ["運用管理者"]


def test_an_edition_with_a_stopped_row_waits_until_it_is_confirmed_and_is_remembered() -> None:
    old, new = edition(), edition(WITHOUT_DB)
    records.record_in_force(None, old, rows_of, NOON)
    assert "DB 接続数" in str(why_wait(old, new))
    for _ in range(2):
        records.record_refusal(old, refusal(new), rows_of, NOON)

    found = records.waiting()
    assert found is not None
    assert found.content["stopped"] == [DB]
    assert Alert.objects.count() == 1
    assert not REVIEW.is_confirmed(new)

    records.confirm(new.digests, by="mira", now=NOON)

    assert REVIEW.is_confirmed(new)
    assert records.waiting() is None
    assert LedgerEntry.objects.get(content__has_key="confirmed").actor == "mira"


def test_a_confirmation_ends_when_another_edition_comes_into_force() -> None:
    old, new = edition(), edition(WITHOUT_DB)
    records.record_refusal(old, refusal(new), rows_of, NOON)
    records.confirm(new.digests, by="mira", now=NOON)
    records.record_in_force(old, new, rows_of, NOON)
    assert REVIEW.is_confirmed(new)

    records.record_in_force(new, old, rows_of, NOON)

    assert not REVIEW.is_confirmed(new)


def test_only_the_waiting_edition_can_be_confirmed() -> None:
    old, new = edition(), edition(WITHOUT_DB)
    records.record_refusal(old, refusal(new), rows_of, NOON)

    with pytest.raises(NotPossible):
        records.confirm(old.digests, by="mira", now=NOON)
    records.confirm(new.digests, by="mira", now=NOON)
    with pytest.raises(NotPossible):
        records.confirm(new.digests, by="mira", now=NOON)


def test_a_process_without_a_former_edition_waits_for_what_waits_elsewhere() -> None:
    old, new = edition(), edition(WITHOUT_DB)
    assert not why_wait(None, new)

    records.record_refusal(old, refusal(new), rows_of, NOON)

    assert str(why_wait(None, new)) == "DB would stop"
    assert not why_wait(None, old)


def test_an_unreadable_version_is_recorded_and_announced_once() -> None:
    unreadable = EditionRefusal("ops.md", "contents", plain("ops.md is empty"))

    for _ in range(2):
        records.record_refusal(edition(), unreadable, rows_of, NOON)

    entry = LedgerEntry.objects.get()
    assert (entry.content["refused"], records.waiting()) == ("ops.md", None)
    assert str(Alert.objects.get().value) == "ops.md is empty"


def test_the_banner_shows_only_changes_of_the_last_day() -> None:
    old, new = edition(), edition(DESIGN.replace("85%", "90%"))
    records.record_in_force(None, old, rows_of, NOON)
    records.record_in_force(old, new, rows_of, NOON)

    assert [each.sequence for each in records.changes_since(NOON)] == [2]
    assert records.changes_since(NOON + timedelta(seconds=1)) == []
