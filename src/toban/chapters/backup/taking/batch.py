"""A row of the batch table that makes a backup: `[batches.B001] kind = "backup"`."""

from toban.chapters.backup.taking.config import BackupBatch
from toban.engine.runs.kinds import NotBindable, Site, WorkKind
from toban.engine.runs.work import Step
from toban.message import Message


def _steps(config: BackupBatch, site: Site) -> tuple[Step, ...]:
    # The kinds are loaded before the state database: code that needs its tables is imported later.
    from toban.chapters.backup.taking.steps import steps  # noqa: PLC0415
    from toban.chapters.backup.works import clause_of, source_of  # noqa: PLC0415

    source = source_of(config.subject, site.design, site.bindings, site.kinds)
    if isinstance(source, Message):
        raise NotBindable(source)
    if config.method not in source.kind.methods:
        raise NotBindable(Message("backup.kind-without-method", kind=source.kind_name, method=config.method))
    clause = clause_of(config.subject, config.method, site.design)
    return steps(source, config.method, clause or site.batch.id)


KIND = WorkKind(BackupBatch, _steps)
