"""The link from a run to the release or drill that it works on. See `toban.engine.runs.leads`."""

from toban.chapters.release.models import Release
from toban.engine.extension import Link
from toban.message import Message


def leads(run: int) -> Link | None:
    """Return the link to the release of *run*; None if it works on none."""
    found = Release.objects.filter(run=run).first()
    if found is None:
        return None
    return Link("release", Message("release-rows.release", number=found.pk), (found.pk,))
