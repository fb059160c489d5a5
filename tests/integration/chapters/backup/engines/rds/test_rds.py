"""Snapshots and points in time, against moto's server and against scripted faults."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.integration.buckets import SECRET_KEY
from tests.integration.chapters.backup.engines.grounds import REGION
from tests.integration.chapters.backup.engines.rds.conftest import (
    CREATED,
    EngineAt,
    Scripted,
    fault,
    snapshot,
)
from tests.integration.chapters.backup.engines.watching import Watching, text_of
from tests.ports import free_port

from toban.chapters.backup.engine import BackupFailed, Method, RestoreOrder, TakenBackup
from toban.message import Message

LABEL, NEXT = "20261125T020000Z-full", "20261126T020000Z-full"


def take(engine: Any, label: str = LABEL) -> TakenBackup:
    taken: TakenBackup = engine.take(label, Method.FULL, None, Watching())
    return taken


def manual(rds: Any, instance: str) -> list[Any]:
    answer = rds.describe_db_snapshots(DBInstanceIdentifier=instance, SnapshotType="manual")
    return list(answer["DBSnapshots"])


def test_a_snapshot_is_made_recorded_and_removed(
    moto: str, rds: Any, instance: str, engine_at: EngineAt
) -> None:
    engine = engine_at(moto, instance)

    taken = take(engine)

    (made,) = manual(rds, instance)
    assert taken.facts["snapshot"] == made["DBSnapshotIdentifier"] == f"toban-{instance}-{LABEL.lower()}"
    assert (taken.server_version, taken.source_bytes) == ("17.4", 20 << 30)
    assert taken.system_id == made["DbiResourceId"]
    assert engine.verify(taken, Watching()).is_whole
    engine.remove(taken)
    engine.remove(taken)
    assert manual(rds, instance) == []
    checked = engine.verify(taken, Watching())
    assert checked.troubles == [Message("backup-engines.snapshot-missing", name=taken.facts["snapshot"])]
    engine.close()


def test_a_snapshot_started_by_an_earlier_attempt_is_taken_over(
    moto: str, rds: Any, instance: str, engine_at: EngineAt
) -> None:
    engine = engine_at(moto, instance)
    first = take(engine)

    again = take(engine)

    assert again.facts == first.facts
    assert len(manual(rds, instance)) == 1


def test_two_labels_are_two_snapshots_and_removing_one_leaves_the_other(
    moto: str, instance: str, engine_at: EngineAt
) -> None:
    engine = engine_at(moto, instance)
    old, new = take(engine), take(engine, NEXT)

    engine.remove(old)

    assert not engine.verify(old, Watching()).is_whole
    assert engine.verify(new, Watching()).is_whole


def test_the_newest_moment_is_restored_as_a_new_instance(
    moto: str, rds: Any, instance: str, engine_at: EngineAt, tmp_path: Any
) -> None:
    engine, watch = engine_at(moto, instance), Watching()
    taken = take(engine)

    restored = engine.restore(RestoreOrder(chain=[taken], into=tmp_path, server=f"{instance}-b"), watch)

    (made,) = rds.describe_db_instances(DBInstanceIdentifier=f"{instance}-b")["DBInstances"]
    assert made["DBInstanceClass"] == "db.t4g.medium"
    assert restored.folder is None
    assert list(restored.phases) == ["restore"]
    assert any(f"{instance}-b" in line for line in watch.lines)
    newest = engine.newest_moment()
    assert newest is not None
    assert datetime.now(UTC) - newest < timedelta(minutes=5)


def test_a_moment_between_the_snapshot_and_the_end_of_the_log_is_restored(
    moto: str, rds: Any, instance: str, engine_at: EngineAt, tmp_path: Any
) -> None:
    engine = engine_at(moto, instance)
    taken = take(engine)
    moment = taken.restorable_to + timedelta(milliseconds=1)

    engine.restore(RestoreOrder(chain=[taken], into=tmp_path, to=moment), Watching())

    names = [each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]]
    assert [name for name in names if name.startswith(f"{instance}-2")]


def test_a_moment_that_the_log_does_not_reach_is_refused(
    moto: str, rds: Any, instance: str, engine_at: EngineAt, tmp_path: Any
) -> None:
    engine = engine_at(moto, instance)
    taken = take(engine)
    tomorrow = datetime.now(UTC) + timedelta(days=1)

    with pytest.raises(BackupFailed, match="には戻せません") as refusal:
        engine.restore(
            RestoreOrder(chain=[taken], into=tmp_path, to=tomorrow, server=f"{instance}-c"), Watching()
        )

    assert not refusal.value.retry
    names = [each["DBInstanceIdentifier"] for each in rds.describe_db_instances()["DBInstances"]]
    assert f"{instance}-c" not in names


def test_a_snapshot_is_restored_when_the_instance_is_gone(
    moto: str, rds: Any, instance: str, engine_at: EngineAt, tmp_path: Any
) -> None:
    engine = engine_at(moto, instance)
    taken = take(engine)
    rds.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True)

    engine.restore(RestoreOrder(chain=[taken], into=tmp_path, server=f"{instance}-d"), Watching())

    (made,) = rds.describe_db_instances(DBInstanceIdentifier=f"{instance}-d")["DBInstances"]
    assert made["Engine"] == "postgres"
    assert engine.newest_moment() is None


def test_a_snapshot_that_is_gone_is_not_restored(
    moto: str, instance: str, engine_at: EngineAt, tmp_path: Any
) -> None:
    engine = engine_at(moto, instance)
    taken = take(engine)
    engine.remove(taken)

    with pytest.raises(BackupFailed, match="DBSnapshotNotFound"):
        engine.restore(RestoreOrder(chain=[taken], into=tmp_path, follows_log=False), Watching())


def test_an_order_for_an_increment_is_refused(moto: str, instance: str, engine_at: EngineAt) -> None:
    engine = engine_at(moto, instance)
    full = take(engine)

    with pytest.raises(BackupFailed, match="増分") as refusal:
        engine.take(NEXT, Method.INCREMENTAL, full, Watching())

    assert not refusal.value.retry


def test_a_missing_instance_raises_a_doubt(moto: str, engine_at: EngineAt) -> None:
    (doubt,) = engine_at(moto, "nobody").doubts()

    assert text_of(doubt) == f"DB インスタンス nobody が {REGION} にありません"


def test_an_instance_without_automated_backups_raises_a_doubt_with_a_hint(
    moto: str, rds: Any, instance: str, engine_at: EngineAt
) -> None:
    engine = engine_at(moto, instance)
    assert engine.doubts() == []
    rds.modify_db_instance(DBInstanceIdentifier=instance, BackupRetentionPeriod=0, ApplyImmediately=True)

    (doubt,) = engine.doubts()

    assert "HINT: BackupRetentionPeriod" in text_of(doubt)
    assert engine.newest_moment() is None


def test_progress_is_reported_until_the_snapshot_is_available(
    scripted: Scripted, engine_at: EngineAt
) -> None:
    scripted.answers = {
        "CreateDBSnapshot": [CREATED],
        "DescribeDBSnapshots": [
            snapshot("creating", 10),
            snapshot("creating", 60),
            snapshot("available", 100),
        ],
    }
    watch = Watching()

    taken = engine_at(scripted.url, "shop").take(LABEL, Method.FULL, None, watch)

    assert watch.told == [(10, "creating"), (60, "creating")]
    assert taken.restorable_to == datetime(2026, 11, 25, 2, 0, 59, tzinfo=UTC)
    assert taken.system_id == "db-ABC"


def test_a_snapshot_that_fails_in_aws_leaves_no_backup(scripted: Scripted, engine_at: EngineAt) -> None:
    scripted.answers = {
        "CreateDBSnapshot": [CREATED],
        "DescribeDBSnapshots": [snapshot("creating", 10), snapshot("failed", 10)],
    }

    with pytest.raises(BackupFailed, match="failed"):
        take(engine_at(scripted.url, "shop"))


def test_a_snapshot_that_takes_too_long_is_abandoned(scripted: Scripted, engine_at: EngineAt) -> None:
    scripted.answers = {
        "CreateDBSnapshot": [CREATED],
        "DescribeDBSnapshots": [snapshot("creating", 10)],
    }

    with pytest.raises(BackupFailed, match="のうちにできません: creating") as failure:
        take(engine_at(scripted.url, "shop", patience="1秒"))

    assert failure.value.retry


def test_waiting_can_be_stopped_and_resumes_in_the_next_attempt(
    scripted: Scripted, engine_at: EngineAt
) -> None:
    scripted.answers = {
        "CreateDBSnapshot": [CREATED, fault("DBSnapshotAlreadyExists")],
        "DescribeDBSnapshots": [snapshot("creating", 10), snapshot("available", 100)],
    }
    engine = engine_at(scripted.url, "shop")

    with pytest.raises(BackupFailed, match="途中で止めました: cancelled"):
        engine.take(LABEL, Method.FULL, None, Watching(stops_after=1))

    assert take(engine).label == LABEL
    assert scripted.asked.count("CreateDBSnapshot") == 2


@pytest.mark.parametrize(
    ("code", "words", "retry"),
    [
        ("InvalidClientTokenId", "鍵か権限が正しくありません", False),
        ("SignatureDoesNotMatch", "鍵か権限が正しくありません", False),
        ("ExpiredToken", "期限が切れています", False),
        ("AccessDenied", "権限がありません", False),
        ("SnapshotQuotaExceeded", "HINT: 古いものを消すか", False),
        ("DBInstanceNotFound", "DB インスタンスがありません", False),
        ("InvalidDBInstanceState", "受け付けない状態", True),
        ("SomethingNew", "SomethingNew said so", False),
    ],
)
def test_aws_faults_are_reported_in_plain_words(
    scripted: Scripted, engine_at: EngineAt, code: str, words: str, retry: bool
) -> None:
    scripted.answers = {"CreateDBSnapshot": [fault(code)]}

    with pytest.raises(BackupFailed, match=words) as failure:
        take(engine_at(scripted.url, "shop"))

    assert failure.value.retry is retry
    assert code in str(failure.value)
    assert SECRET_KEY not in str(failure.value)


def test_an_answer_that_is_none_of_rds_is_retryable(scripted: Scripted, engine_at: EngineAt) -> None:
    scripted.answers = {"CreateDBSnapshot": [(200, "<html>Sign in to the proxy")]}

    with pytest.raises(BackupFailed, match="RDS の応答ではないものが返りました") as failure:
        take(engine_at(scripted.url, "shop"))

    assert failure.value.retry


def test_a_throttled_request_is_retried(scripted: Scripted, engine_at: EngineAt) -> None:
    scripted.answers = {
        "CreateDBSnapshot": [fault("Throttling"), CREATED],
        "DescribeDBSnapshots": [snapshot("available", 100)],
    }

    assert take(engine_at(scripted.url, "shop")).label == LABEL
    assert scripted.asked.count("CreateDBSnapshot") == 2


def test_an_unreachable_endpoint_is_reported_and_retryable(engine_at: EngineAt) -> None:
    engine = engine_at(f"http://127.0.0.1:{free_port()}", "shop")

    with pytest.raises(BackupFailed, match="RDS に届きません") as failure:
        take(engine)

    assert failure.value.retry
    assert ["RDS に届きません" in text_of(doubt) for doubt in engine.doubts()] == [True]


def test_a_missing_access_key_is_named_and_never_shown(engine_at: EngineAt, moto: str) -> None:
    engine = engine_at(moto, "shop", access_key="env:NO_SUCH_KEY")

    assert [*map(text_of, engine.doubts())] == ["環境変数 NO_SUCH_KEY がありません"]
