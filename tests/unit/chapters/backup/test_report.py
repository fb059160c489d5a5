"""The status of a row, of an objective and of a bucket."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from toban.chapters.backup import report
from toban.chapters.backup.engine import Method, VersionGuard
from toban.chapters.backup.report import Guard, PolicyReport, Recovery
from toban.chapters.backup.rules import BackupCopy, Freshness, RestorePoint, RowCopies
from toban.design.clauses.backup import BackupPolicy, RecoveryObjective
from toban.design.reader import read_design
from toban.engine.evidence.verdict import Verdict
from toban.engine.notify.signal import Condition
from toban.engine.runs.models import Run
from toban.message import NOTHING, plain

NOW = datetime(2026, 11, 25, 3, tzinfo=UTC)
HOUR, SECOND = timedelta(hours=1), timedelta(seconds=1)
DESIGN = read_design(
    """# 運用設計書

## 4. バックアップ・リストア

### バックアップ方針
| 対象 | 方式 | 頻度 | 世代管理 | 保存先 | 保存期間 |
|---|---|---|---|---|---|
| PostgreSQL | フルバックアップ | 日次 (2:00) | 30世代 | S3 | 30日 |

### RPO/RTO
| 項目 | 目標値 |
|---|---|
| RPO (復旧時点目標) | 1時間 |
""",
    "運用設計書.md",
)
(POLICY,) = DESIGN.of(BackupPolicy)
(RPO,) = DESIGN.of(RecoveryObjective)
OFF, LONGER = plain("off"), plain("longer")
COPY = BackupCopy(
    label="x-full",
    method=Method.FULL,
    ended_at=NOW - HOUR,
    restorable_to=NOW - HOUR,
    stored_bytes=562_000_000,
)


def row(**facts: object) -> PolicyReport:
    known = {
        "policy": POLICY,
        "work": "PostgreSQL/full",
        "is_batch": False,
        "is_log": False,
        "copies": RowCopies([COPY], COPY),
        "freshness": Freshness.FRESH,
        "moment": RestorePoint(NOW - HOUR, "x-full", is_by_log=False),
        "guard": NOTHING,
        "last": None,
        "current": None,
        "next_due": None,
        "log_lag": timedelta(minutes=15),
        "zone": ZoneInfo("Asia/Tokyo"),
    }
    return PolicyReport(**{**known, **facts})  # type: ignore[arg-type]


def run(state: str, *, began: timedelta, note: str = "", failures: int = 0) -> Run:
    at = NOW - began
    return Run(
        work="PostgreSQL/full", due_at=at, began_at=at, ended_at=at + SECOND, wake_at=NOW + HOUR,
        state=state, note=plain(note), failures=failures,
    )  # fmt: skip


def test_a_conforming_row_says_what_it_has() -> None:
    found = report.status(row(), NOW)

    assert (found.verdict, str(found.value)) == (Verdict.CONFORMING, "2026-11-25 11:00 562 MB")
    assert str(found.reason) == "復旧できる最新の時点 2026-11-25 11:00。1 個、計 562 MB。最新は読み返し済み"
    assert found.reason.in_language("en") == (
        "Newest restorable moment: 2026-11-25 11:00. 1 backup, 562 MB. The newest has been read back"
    )
    assert report.signal(row(), NOW).condition is Condition.OK


@pytest.mark.parametrize(
    ("facts", "verdict", "words"),
    [
        ({"copies": RowCopies(trouble=plain("base.tar: gone"))}, Verdict.DEVIATING, "base.tar: gone"),
        ({"last": run("failed", began=30 * 60 * SECOND, note="no answer")}, Verdict.DEVIATING, "no answer"),
        ({"last": run("failed", began=2 * HOUR, note="prune")}, Verdict.WARNING, "取れましたが"),
        ({"last": run("missed", began=30 * 60 * SECOND)}, Verdict.NOT_PERFORMED, "実行されませんでした"),
        ({"last": run("skipped", began=30 * 60 * SECOND)}, Verdict.NOT_PERFORMED, "見送られました"),
        ({"last": run("missed", began=2 * HOUR)}, Verdict.CONFORMING, "復旧できる最新"),
        ({"last": run("done", began=2 * HOUR)}, Verdict.CONFORMING, "復旧できる最新"),
        ({"freshness": Freshness.LATE}, Verdict.WARNING, "直近の予定の分がありません"),
        ({"freshness": Freshness.TOO_OLD}, Verdict.DEVIATING, "予定どおりに取れていません"),
        (
            {"freshness": Freshness.LATE, "current": run("running", began=HOUR)},
            Verdict.CONFORMING,
            "復旧できる最新",
        ),
        (
            {"freshness": Freshness.TOO_OLD, "current": run("running", began=HOUR)},
            Verdict.DEVIATING,
            "予定どおりに取れていません",
        ),
        (
            {"current": run("waiting", began=HOUR, failures=2, note="no answer")},
            Verdict.WARNING,
            "2 回失敗しました。13:00 に再試行します: no answer",
        ),
        ({"copies": RowCopies(), "moment": None}, Verdict.NOT_DUE, "まだ予定の時刻が来ていません"),
        ({"copies": RowCopies([], COPY)}, Verdict.NOT_DUE, "まだ予定の時刻が来ていません"),
        (
            {"copies": RowCopies([], COPY), "last": run("done", began=HOUR)},
            Verdict.CONFORMING,
            "最新は、増分の代わりになるフルです",
        ),
        (
            {"copies": RowCopies(), "last": run("done", began=HOUR)},
            Verdict.NOT_MEASURABLE,
            "まだ一つもありません",
        ),
        (
            {"copies": RowCopies(), "moment": None, "current": run("running", began=HOUR)},
            Verdict.NOT_DUE,
            "最初のバックアップを取っています",
        ),
        (
            {"is_batch": True, "last": run("failed", began=30 * 60 * SECOND)},
            Verdict.CONFORMING,
            "復旧できる最新",
        ),
    ],
)
def test_the_worst_finding_comes_first(facts: dict[str, object], verdict: Verdict, words: str) -> None:
    found = report.judged(row(**facts), NOW)

    assert found.verdict is verdict
    assert words in str(found.reason)


@pytest.mark.parametrize(
    ("moment", "verdict"),
    [
        (None, Verdict.NOT_MEASURABLE),
        (RestorePoint(NOW - timedelta(minutes=15), "x", is_by_log=True), Verdict.CONFORMING),
        (RestorePoint(NOW - timedelta(minutes=15) - SECOND, "x", is_by_log=True), Verdict.DEVIATING),
        (RestorePoint(NOW, "x", is_by_log=False), Verdict.DEVIATING),
    ],
    ids=["no full copy", "keeps up", "lags", "no log"],
)
def test_a_log_row_conforms_while_the_log_keeps_up(moment: RestorePoint | None, verdict: Verdict) -> None:
    assert report.judged(row(is_log=True, moment=moment), NOW).verdict is verdict


def test_a_log_on_a_broken_full_copy_deviates() -> None:
    copies = RowCopies(trouble=plain("base.tar: gone"))

    assert report.judged(row(is_log=True, moment=None, copies=copies), NOW).verdict is Verdict.DEVIATING


def test_the_advice_for_a_missing_increment_is_another_increment() -> None:
    increments = row(policy=replace(POLICY, method="増分バックアップ"), freshness=Freshness.TOO_OLD)

    assert "toban backup run PostgreSQL --incremental。" in str(report.signal(increments, NOW).advice)


def test_the_protection_of_the_store_is_shown_next_to_its_content() -> None:
    status = report.status(row(guard=plain("versions, no locks")), NOW)

    assert str(status.reason).endswith("。保存先は versions, no locks")


def test_a_problem_cites_its_row_and_gives_advice() -> None:
    signal = report.signal(row(freshness=Freshness.TOO_OLD), NOW)

    assert signal.condition is Condition.CRITICAL
    assert signal.citation == "運用設計書.md:8"
    assert signal.value == report.judged(row(freshness=Freshness.TOO_OLD), NOW).reason
    assert "toban backup run PostgreSQL" in str(signal.advice)
    assert signal.began_at == NOW - HOUR


@pytest.mark.parametrize(
    ("measured", "verdict", "condition"),
    [
        (None, Verdict.NOT_MEASURABLE, Condition.OK),
        (HOUR, Verdict.CONFORMING, Condition.OK),
        (HOUR + SECOND, Verdict.DEVIATING, Condition.CRITICAL),
    ],
)
def test_an_objective_is_missed_just_above_its_limit(
    measured: timedelta | None, verdict: Verdict, condition: Condition
) -> None:
    since = None if measured is None else NOW - measured
    recovery = Recovery(
        objective=RPO, measured=measured, subject="PostgreSQL", reason=plain("…"), since=since
    )

    signal = report.objective_signal(recovery, NOW)

    assert report.objective_status(recovery, NOW).verdict is verdict
    assert signal.condition is condition
    if condition is Condition.CRITICAL:
        assert signal.began_at == NOW - SECOND


def test_an_rpo_is_missed_when_nothing_can_be_restored() -> None:
    recovery = Recovery(
        objective=RPO,
        measured=None,
        subject="PostgreSQL",
        reason=plain("base.tar: gone"),
        unmeasured=Verdict.DEVIATING,
    )

    signal = report.objective_signal(recovery, NOW)

    assert report.objective_status(recovery, NOW).verdict is Verdict.DEVIATING
    assert (signal.condition, signal.value) == (Condition.CRITICAL, plain("base.tar: gone"))


def test_a_subject_that_cannot_be_measured_hides_no_other_that_deviates() -> None:
    def found(subject: str, measured: timedelta | None) -> Recovery:
        return Recovery(objective=RPO, measured=measured, subject=subject, reason=NOTHING)

    unknown, kept, missed, missed_by_far = (
        found("a", None), found("b", HOUR), found("c", 2 * HOUR), found("d", 3 * HOUR),
    )  # fmt: skip

    assert report.worst([unknown, kept, missed, missed_by_far]) == missed_by_far
    assert report.worst([kept, unknown]) == unknown


@pytest.mark.parametrize(
    ("seen", "verdict", "condition"),
    [
        (None, Verdict.NOT_MEASURABLE, Condition.OK),
        (VersionGuard(plain("…")), Verdict.CONFORMING, Condition.OK),
        (VersionGuard(plain("…"), excesses=(LONGER,)), Verdict.WARNING, Condition.WARNING),
        (VersionGuard(plain("…"), faults=(OFF,), excesses=(LONGER,)), Verdict.DEVIATING, Condition.CRITICAL),
    ],
)
def test_a_bucket_is_judged_by_its_worst_setting(
    seen: VersionGuard | None, verdict: Verdict, condition: Condition
) -> None:
    guard = Guard(POLICY, seen, NOTHING)

    assert report.guard_status(guard, NOW).verdict is verdict
    assert report.guard_signal(guard, NOW).condition is condition


def test_a_bucket_that_differs_names_the_command_that_fixes_it() -> None:
    guard = Guard(POLICY, VersionGuard(plain("…"), faults=(OFF,), excesses=(LONGER,)), NOTHING)

    reason = report.guard_status(guard, NOW).reason

    assert str(reason) == "off、longer: toban backup fix-bucket PostgreSQL"
    assert reason.in_language("en") == "off, longer: toban backup fix-bucket PostgreSQL"
