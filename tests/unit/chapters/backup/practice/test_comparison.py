"""A procedure's steps beside what Toban does, and the verdict on them."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from tests.unit.chapters.backup.practice.test_commands import REFERENCE, RESTORE

from toban.chapters.backup.engine import BackupWay
from toban.chapters.backup.practice.commands import steps_of
from toban.chapters.backup.practice.comparison import StepOutcome, TobanPractice, compared
from toban.chapters.backup.practice.report import ProcedureReport, status
from toban.chapters.backup.report import RowVerdict
from toban.engine.evidence.verdict import Verdict
from toban.message import NOTHING, Message, from_json

NOON = datetime(2026, 4, 1, 12, tzinfo=UTC)
AS_WRITTEN = BackupWay(
    takes="pg_dump --format=plain",
    loads="psql",
    programs=frozenset({"pg_dump", "psql"}),
    form="plain",
    compression="gzip",
)
PLACE = "s3://bucket/backups/db/PostgreSQL"
PASSED = RowVerdict(
    Verdict.CONFORMING, Message("backup.procedure-passed-drill", on=date(2026, 4, 1), label="x")
)


def practice(way: BackupWay = AS_WRITTEN, place: str = PLACE, **changes: Any) -> TobanPractice:
    return TobanPractice(way=way, place=place, **{"is_read_back": True, "is_pruned": True, **changes})


def changed(**changes: Any) -> TobanPractice:
    facts = {
        name: getattr(AS_WRITTEN, name) for name in ("takes", "loads", "programs", "form", "compression")
    }
    return practice(BackupWay(**{**facts, **changes}))


def outcomes(done: TobanPractice, *commands: str, is_restore: bool = False) -> list[str]:
    return [each.outcome.value for each in compared(steps_of(commands, is_restore=is_restore), done)]


def test_a_dump_like_the_documents_keeps_every_step() -> None:
    assert outcomes(practice(), *REFERENCE) == ["kept"] * 3
    assert outcomes(practice(), *RESTORE, is_restore=True) == ["kept"] * 3


@pytest.mark.parametrize(
    ("done", "expected"),
    [
        (changed(form="custom"), ["otherwise", "kept", "kept"]),
        (changed(programs=frozenset({"pg_basebackup"})), ["otherwise", "kept", "kept"]),
        (changed(compression="zstd"), ["kept", "otherwise", "kept"]),
        (changed(compression="none"), ["kept", "not-done", "kept"]),
        (changed(compression=""), ["kept", "unknown", "kept"]),
        (practice(place="s3://bucket/elsewhere/PostgreSQL"), ["kept", "kept", "otherwise"]),
        (practice(place="s3://other/backups/db/PostgreSQL"), ["kept", "kept", "otherwise"]),
        (practice(place="/backups/PostgreSQL"), ["kept", "kept", "otherwise"]),
        (practice(place=""), ["kept", "kept", "otherwise"]),
    ],
)
def test_another_format_compression_or_destination_is_told(done: TobanPractice, expected: list[str]) -> None:
    assert outcomes(done, *REFERENCE) == expected


def test_a_restore_from_another_bucket_or_of_another_compression_is_told() -> None:
    done = practice(place="s3://other/db/PostgreSQL")

    assert outcomes(done, *RESTORE, is_restore=True) == ["otherwise", "kept", "kept"]
    assert outcomes(changed(compression="zstd"), *RESTORE, is_restore=True) == ["kept", "otherwise", "kept"]


def test_a_bucket_that_is_a_variable_may_be_any() -> None:
    assert outcomes(practice(), "pg_dump shop", "aws s3 cp x s3://${BUCKET}/db/") == ["kept", "kept"]
    assert outcomes(practice(place="/mnt/x"), "aws s3 cp x s3://${BUCKET}/db/") == ["otherwise"]


def test_pruning_is_not_done_if_the_document_keeps_everything() -> None:
    assert outcomes(practice(is_pruned=False), "find /backup -mtime +30 -delete") == ["not-done"]


def row(*commands: str, done: TobanPractice | None = None, shown: RowVerdict = PASSED) -> Any:
    steps = compared(steps_of(commands, is_restore=True), done or practice())
    found = ProcedureReport(subject="PostgreSQL", steps=steps, shown=shown, proof={"drill": 1})
    return status("restore", [found], NOON)


def test_kept_steps_and_a_passed_drill_conform() -> None:
    found = row(*RESTORE)

    assert found.verdict is Verdict.CONFORMING
    assert found.value == Message("backup.steps-kept", kept=3, steps=3)
    assert str(found.reason).splitlines()[0] == "2026-04-01 のリストア訓練で、手順のとおりに戻せました: x"
    assert str(found.reason).splitlines()[2] == "○ gunzip backup_20240101.sql.gz → 圧縮は gzip"
    assert found.proof["drill"] == 1
    assert found.proof["steps"][0] == {"command": RESTORE[0], "outcome": StepOutcome.KEPT}


def test_a_step_that_is_done_otherwise_deviates_whatever_the_drill_shows() -> None:
    found = row(*RESTORE, done=changed(compression="zstd"))

    assert found.verdict is Verdict.DEVIATING
    assert "× 違う: gunzip backup_20240101.sql.gz → 圧縮は zstd" in str(found.reason)


def test_an_unknown_command_is_named_and_nothing_is_claimed() -> None:
    found = row(*RESTORE, "systemctl start shop")

    assert found.verdict is Verdict.DECLARED
    assert "systemctl start shop" in str(found.reason).splitlines()[0]


def test_a_failed_drill_deviates_even_if_a_command_is_unknown() -> None:
    failed = RowVerdict(
        Verdict.DEVIATING, Message("backup.procedure-failed-drill", on=NOON.date(), reason=NOTHING)
    )

    assert row("./restore.sh", *RESTORE, shown=failed).verdict is Verdict.DEVIATING


def test_the_worst_subject_is_shown() -> None:
    steps = steps_of(RESTORE, is_restore=True)
    good = ProcedureReport(subject="A", steps=compared(steps, practice()), shown=PASSED, proof={})
    bad = ProcedureReport(
        subject="B", steps=compared(steps, changed(compression="zstd")), shown=PASSED, proof={}
    )

    found = status("restore", [good, bad], NOON)

    assert found.verdict is Verdict.DEVIATING
    assert found.proof is not None
    assert found.proof["subject"] == "B"


def test_a_stored_reason_is_read_back_in_the_other_language() -> None:
    stored = from_json(row(*RESTORE, done=changed(compression="none")).reason.as_json())

    assert "× Not done: gunzip backup_20240101.sql.gz → Not compressed" in stored.in_language("en")
