"""What a batch says that makes a backup."""

from toban.chapters.backup.engine import Method
from toban.engine.runs.kinds import BatchBinding


class BackupBatch(BatchBinding):
    """`kind = "backup"` of a batch: the row of the batch table makes what a row of the policy asks for."""

    subject: str
    """The policy's word for what is backed up."""
    method: Method = Method.FULL
