"""The extension of chapter 6: batches, how they are run and watched, and the kinds of what they run."""

from toban.chapters.batch.crontabs.bindings import CRONTABS
from toban.chapters.batch.doubts import doubts
from toban.chapters.batch.proposals import open_tables
from toban.design.clauses.batch import Batch, BatchRetry, BatchWatch, Scheduler
from toban.engine.drift.setting import COMPARED_SETTINGS
from toban.engine.extension import Extension, Link, RowKind, always
from toban.engine.registry.commands import Command
from toban.engine.reports.section import REPORT_SECTIONS
from toban.engine.runs.kinds import BATCH_KINDS, BATCHES, key_of
from toban.message import Message


def _history(batch: Batch) -> Link:
    return Link("batch", Message("batch.run-history"), (key_of(batch),))


EXTENSION = Extension(
    name="batch",
    manual="batches.md",
    rows=(
        RowKind(Batch, is_measured=True, link=_history, raises_alerts=always),
        RowKind(BatchRetry),
        RowKind(BatchWatch),
        RowKind(Scheduler),
    ),
    tables=(BATCHES, CRONTABS),
    points=(BATCH_KINDS,),
    kinds={
        "batches": {
            "command": "toban.chapters.batch.kinds.command",
            "ssh": "toban.chapters.batch.kinds.ssh.kind",
            "ping": "toban.chapters.batch.kinds.ping",
            "cleanup": "toban.chapters.batch.kinds.cleanup.kind",
            "statistics": "toban.chapters.batch.kinds.statistics.kind",
        }
    },
    proposals=open_tables,
    doubts=doubts,
    operation="toban.chapters.batch.operation",
    offers={
        COMPARED_SETTINGS: "toban.chapters.batch.crontabs.settings:settings",
        REPORT_SECTIONS: "toban.chapters.batch.monthly:section",
    },
    apps=("toban.chapters.batch.kinds.statistics",),
    pages="toban.faces.web.batch.urls",
    menu=(Link("batches", Message("batch.batches")),),
    why="toban.faces.cli.batch.why_batch:WHY",
    commands={
        "batch": Command("toban.faces.cli.batch.crontab", Message("commands.batch")),
        "statistics": Command("toban.faces.cli.batch.statistics", Message("commands.statistics")),
    },
)
