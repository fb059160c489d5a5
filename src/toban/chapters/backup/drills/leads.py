"""The link from a drill's run to its certificate. See `toban.engine.runs.leads`."""

from toban.chapters.backup.models import Drill
from toban.engine.extension import Link
from toban.message import Message


def leads(run: int) -> Link | None:
    """Return the link to the certificate of *run*; None if it was not a drill."""
    drill = Drill.objects.filter(run=run).first()
    return Link("drill", Message("backup.certificate"), (drill.pk,)) if drill is not None else None
