"""What the evidence says of accounts."""

from toban.engine.evidence.models import LedgerEntry

CHANGE = "/accounts/password/change/"


def audited() -> list[tuple[str, str]]:
    """Return who did what, in order."""
    entries = LedgerEntry.objects.filter(kind=LedgerEntry.Kind.AUDIT).order_by("sequence")
    return [(entry.actor, str(entry.content["event"])) for entry in entries]
