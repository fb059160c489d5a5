"""Chapter 4: whether the procedures can make and restore what the policies and the RPO require."""

import re
from collections.abc import Iterable, Iterator
from datetime import timedelta

from toban.design.acts import differ, pairs
from toban.design.clauses.backup import BackupPolicy, BackupProcedure, RecoveryObjective, RestoreProcedure
from toban.design.clauses.decisions import Decision
from toban.design.finding import FindingLevel
from toban.design.lint.measures import between_runs, length, repeated
from toban.design.lint.rule import Inspection, Remark, rule
from toban.design.lint.wording import cite, span
from toban.design.markdown import CodeBlock
from toban.design.values.duration import Duration
from toban.message import Message

_DATABASE = re.compile(r"(?i)DB|データベース|database|postgres|mysql|maria|oracle|aurora|rds|mongo|sql")
# Logs and settings of a database are not its data; its transaction log is.
_BESIDE_DATA = re.compile(
    r"(?i)(?<!トランザクション)(?<!REDO)(?:ログ|設定)(?:ファイル)?$|\b(?<!transaction )(?:logs?|config\w*)$"
)
_INCREMENT = re.compile(r"(?i)増分|差分|インクリメンタル|increment|differential")
_SHIPS_LOG = re.compile(r"(?i)(?<![a-z])WAL(?![a-z])|PITR|ポイントインタイム|point.in.time|binlog|oplog")
_CONTINUOUS = re.compile(r"(?i)レプリケーション|replication|リアルタイム|real.?time|連続|continuous")
# Logical dumps write the whole database each time; a policy's subject tells which of them it is about.
_LOGICAL_DUMPS = {
    re.compile(r"\bpg_dump(?:all)?\b"): re.compile(r"(?i)postgres|aurora|rds|DB|データベース|database"),
    re.compile(r"\b(?:mysqldump|mariadb-dump)\b"): re.compile(
        r"(?i)mysql|maria|aurora|rds|DB|データベース|database"
    ),
    re.compile(r"\bmongodump\b"): re.compile(r"(?i)mongo|DB|データベース|database"),
}
_MAKES_INCREMENTS = re.compile(
    r"(?i)pg_basebackup|pgbackrest|barman|wal-g|wal-e|pg_receivewal|pg_probackup|archive_command"
    r"|xtrabackup|mariabackup|mysqlbinlog|oplog|rman\b|create-db-snapshot|restic|borg|--incremental"
)
_RESTORES_INCREMENTS = re.compile(
    r"(?i)pg_combinebackup|pgbackrest|barman|wal-g|wal-e|pg_probackup|recovery_target|restore_command|pitr"
    r"|xtrabackup|mariabackup|mysqlbinlog|oplogReplay|rman\b|to-point-in-time|restic|borg"
)
_SAYS_INCREMENTS = re.compile(r"(?i)incremental|増分|差分")


@rule("BK001", FindingLevel.ERROR)
def logical_dump_cannot_make_increments(on: Inspection) -> Iterator[Remark]:
    """Increments are required, but the procedure only has a logical dump, which can't make any."""
    procedures = on.of(BackupProcedure)
    commands = [command for procedure in procedures for command in procedure.commands]
    # A tool may stand in a block that was not read as the procedure.
    if any(_MAKES_INCREMENTS.search(text) for text in (*commands, *_code(on))):
        return
    for policy in on.of(BackupPolicy):
        tool = _logical_dump(policy, commands) if _INCREMENT.search(policy.method) else None
        if tool is None:
            continue
        served = _rpo_served_by(policy, on)
        why = (
            Message("design.needed-for-rpo", rpo=served.limit.message, lines=cite(served))
            if served
            else Message("design.required-by-policy")
        )
        yield Remark.on(
            policy,
            Message(
                "design.dump-makes-no-increments",
                procedure=cite(*procedures),
                tool=tool,
                why=why,
                backup=f"{policy.subject} {policy.method}",
            ),
            Message("design.dump-makes-no-increments-hint"),
        )


def _code(on: Inspection) -> Iterator[str]:
    return (block.text for block in on.design.blocks if isinstance(block, CodeBlock))


def _rpo_served_by(policy: BackupPolicy, on: Inspection) -> RecoveryObjective | None:
    """Return the RPO that these increments are frequent enough for."""
    gaps = [gap for schedule in policy.schedules if (gap := between_runs(schedule)) is not None]
    for objective in on.of(RecoveryObjective):
        is_about_it = _is_rpo(objective) and objective.subject in ("", policy.subject)
        if is_about_it and gaps and min(gaps) <= length(objective.limit):
            return objective
    return None


def _logical_dump(policy: BackupPolicy, commands: Iterable[str]) -> str | None:
    for command in commands:
        for tool, subjects in _LOGICAL_DUMPS.items():
            match = tool.search(command)
            if match and subjects.search(policy.subject):
                return match.group()
    return None


@rule("BK002", FindingLevel.ERROR)
def increments_have_no_restore_procedure(on: Inspection) -> Iterator[Remark]:
    """Increments are made, but the restore procedure only restores full copies."""
    procedures = on.of(RestoreProcedure)
    words = [word for procedure in procedures for word in (procedure.text, *procedure.commands)]
    if not procedures or any(_SAYS_INCREMENTS.search(word) for word in words):
        return
    if any(_RESTORES_INCREMENTS.search(text) for text in (*words, *_code(on))):
        return
    for policy in on.of(BackupPolicy):
        if _INCREMENT.search(policy.method) and _is_about_database(policy, on):
            yield Remark.on(
                policy,
                Message(
                    "design.increments-not-restored",
                    backup=f"{policy.subject} {policy.method}",
                    procedure=cite(*procedures),
                ),
                Message("design.increments-not-restored-hint"),
            )


@rule("BK003", FindingLevel.WARNING)
def interval_alone_cannot_prove_rpo(on: Inspection) -> Iterator[Remark]:
    """Copies exactly as often as the RPO can lose more than it: the worst loss is interval plus duration."""
    for objective, policy, between in _closest(on):
        if between == length(objective.limit):
            yield Remark.on(
                policy,
                Message(
                    "design.interval-equals-rpo",
                    interval=span(between),
                    rpo=objective.limit.message,
                    lines=cite(objective),
                ),
                Message("design.interval-equals-rpo-hint"),
            )


@rule("BK004", FindingLevel.ERROR)
def interval_exceeds_rpo(on: Inspection) -> Iterator[Remark]:
    """Even the most frequent backup of the database is less frequent than the RPO requires.

    An RPO that names no database holds for the data as a whole: データベース and データベース全体 are one.
    """
    for objective, policy, between in _closest(on):
        if between > length(objective.limit):
            yield Remark.on(
                policy,
                Message(
                    "design.interval-exceeds-rpo",
                    subject=policy.subject,
                    interval=span(between),
                    rpo=objective.limit.message,
                    lines=cite(objective),
                ),
                Message("design.interval-exceeds-rpo-hint"),
            )


def _closest(on: Inspection) -> Iterator[tuple[RecoveryObjective, BackupPolicy, timedelta]]:
    """Yield each RPO with the most frequent policy of the database it covers, unless one is continuous."""
    for objective in on.of(RecoveryObjective):
        policies = [
            policy
            for policy in on.of(BackupPolicy)
            if not objective.subject or policy.subject == objective.subject
        ]
        if not _is_rpo(objective) or any(_is_continuous(policy, on) for policy in policies):
            continue
        frequent = [
            (gap, policy)
            for policy in policies
            if _is_about_database(policy, on) and (gap := _between(policy)) is not None
        ]
        if frequent:
            between, policy = min(frequent, key=lambda candidate: candidate[0])
            yield objective, policy, between


def _is_continuous(policy: BackupPolicy, on: Inspection) -> bool:
    if _SHIPS_LOG.search(policy.text):
        return True
    is_always = _CONTINUOUS.search(policy.text) is not None or _between(policy) == timedelta()
    return is_always and _is_about_database(policy, on)


def _between(policy: BackupPolicy) -> timedelta | None:
    """Return the time between two copies; None if it is not stated, or only assumed (2:00 alone)."""
    gaps = [between_runs(schedule) for schedule in policy.schedules if not schedule.assumptions]
    return min((gap for gap in gaps if gap is not None), default=None)


def _is_rpo(objective: RecoveryObjective) -> bool:
    """Say whether it is an RPO with a length: how long 1営業日 is differs from day to day."""
    return objective.objective == "RPO" and not objective.limit.is_business


def _is_about_database(policy: BackupPolicy, on: Inspection) -> bool:
    # Files and settings seldom change by the hour; if nothing else is backed up, the RPO is about them.
    if len({each.subject for each in on.of(BackupPolicy)}) == 1:
        return True
    return bool(_DATABASE.search(policy.subject)) and not _BESIDE_DATA.search(policy.subject.strip())


@rule("BK005", FindingLevel.WARNING)
def generations_contradict_retention(on: Inspection) -> Iterator[Remark]:
    """The generations, at that frequency, cover a different time than the retention."""
    for policy in on.of(BackupPolicy):
        if (
            policy.generations is None
            or not isinstance(policy.retention, Duration)
            or len(policy.schedules) != 1
        ):
            continue
        between = between_runs(policy.schedules[0])
        if not between:
            continue
        kept, retention = repeated(between, policy.generations.count), length(policy.retention)
        # The age of the oldest copy varies by one interval; months also vary in length.
        if abs(kept - retention) <= max(between, retention * 0.05):
            continue
        yield Remark.on(
            policy,
            Message(
                "design.generations-contradict-retention",
                count=policy.generations.count,
                kept=_days(kept),
                retention=policy.retention.message,
            ),
            Message("design.generations-contradict-retention-hint"),
        )


@rule("BK006", FindingLevel.ERROR)
def decision_promises_another_objective(on: Inspection) -> Iterator[Remark]:
    """A design decision promises a different RPO or RTO than the backup chapter."""
    for row, objective in pairs(on.design):
        if isinstance(objective, RecoveryObjective) and isinstance(row, Decision) and differ(row, objective):
            yield Remark.on(
                row,
                Message(
                    "design.decision-promises-another",
                    objective=objective.objective,
                    promised=row.promised.message if row.promised is not None else "",
                    limit=objective.limit.message,
                    lines=cite(objective),
                ),
                Message("design.decision-promises-another-hint"),
            )


def _days(kept: timedelta) -> Message:
    return Message("common.days", count=kept.days) if kept > timedelta(days=2) else span(kept)
