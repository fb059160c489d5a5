"""The settings of a batch that makes a backup."""

from toban.chapters.backup.engine import Method
from toban.engine.runs.kinds import BatchBinding


class BackupBatch(BatchBinding):
    """`kind = "backup"` of a batch: the row of the batch table makes the backup of a policy row."""

    subject: str
    """The policy's name for what is backed up."""
    method: Method = Method.FULL
