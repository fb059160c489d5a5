"""The extension of chapter 4: backups, restores, drills, and the backup engines."""

from toban.chapters.backup.acts import ACTS
from toban.chapters.backup.engine import BACKUPS, ENGINE_KINDS
from toban.chapters.backup.proposals import open_tables
from toban.design.acts import is_restore_test
from toban.design.clauses.backup import BackupPolicy, BackupProcedure, RecoveryObjective, RestoreProcedure
from toban.design.clauses.base import Clause
from toban.design.clauses.routine import Routine
from toban.engine.drift.setting import COMPARED_SETTINGS
from toban.engine.evidence.assertions import ASSERTIONS
from toban.engine.extension import Extension, Link, RowKind, always
from toban.engine.hindsight.question import HINDSIGHT
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.runs.leads import LEADS
from toban.engine.tasks.facts import TASK_FACTS
from toban.message import Message


def _backups(_row: Clause) -> Link:
    return Link("backups", Message("backup.page"))


EXTENSION = Extension(
    name="backup",
    manual="backups.md",
    rows=(
        RowKind(BackupPolicy, is_measured=True, link=_backups, raises_alerts=always),
        RowKind(BackupProcedure, is_measured=True, link=_backups),
        RowKind(RestoreProcedure, is_measured=True, link=_backups),
        RowKind(RecoveryObjective, is_measured=True, link=_backups, raises_alerts=always),
        RowKind(Routine, raises_alerts=is_restore_test),
    ),
    tables=(BACKUPS,),
    points=(ENGINE_KINDS,),
    kinds={
        "backups": {
            "native": "toban.chapters.backup.engines.native.kind",
            "pg_dump": "toban.chapters.backup.engines.pg_dump",
            "pgbackrest": "toban.chapters.backup.engines.pgbackrest",
            "rds": "toban.chapters.backup.engines.rds",
            "versioning": "toban.chapters.backup.engines.versioning",
        },
        "batches": {"backup": "toban.chapters.backup.taking.batch"},
    },
    proposals=open_tables,
    operation="toban.chapters.backup.operation",
    offers={
        ASSERTIONS: "toban.chapters.backup.assertions:ASSERTIONS",
        COMPARED_SETTINGS: "toban.chapters.backup.engines.keeping:settings",
        HINDSIGHT: "toban.chapters.backup.drills.hindsight:HINDSIGHT",
        LEADS: "toban.chapters.backup.drills.leads:leads",
        REPORT_SECTIONS: "toban.chapters.backup.drills.monthly:section",
        TASK_FACTS: "toban.chapters.backup.facts:facts",
    },
    apps=("toban.chapters.backup",),
    pages="toban.faces.web.backup.urls",
    menu=(Link("backups", Message("backup.page")),),
    evidence="toban.faces.web.backup.evidence:taken",
    acts=ACTS,
    commands={
        "backup": Command("toban.faces.cli.backup.backup", Message("commands.backup")),
        "restore": Command("toban.faces.cli.backup.restore", Message("commands.restore")),
        "drill": Command("toban.faces.cli.backup.drill", Message("commands.drill")),
    },
)
